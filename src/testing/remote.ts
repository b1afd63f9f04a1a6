/** A scripted server elsewhere: it gets what is sent to its domain, and sends what the test says. */
import type { Route } from "../host/router.ts";
import { Stanza } from "../stanza/stanza.ts";
import type { Server } from "../server/server.ts";
import type { Element } from "../xml/element.ts";
import type { Settle } from "./client.ts";
import { elementOf, matches } from "./match.ts";

export class RemotePeer {
  readonly inbox: Element[] = [];
  readonly route: Route;

  constructor(private readonly server: Server, readonly domain: string, private readonly settle: Settle) {
    this.route = {
      label: `test:${domain}`,
      takes: (to) => to === domain,
      route: (stanza) => void this.inbox.push(stanza.toElement()),
    };
  }

  /** Sends a stanza with a sender at this domain. */
  async send(xml: string): Promise<void> {
    await this.server.router.route(Stanza.read(elementOf(xml)), undefined);
    await this.settle();
  }

  expect(pattern: string): Element {
    const wanted = elementOf(pattern);
    const at = this.inbox.findIndex((element) => matches(wanted, element));
    if (at < 0) throw new Error(`${this.domain} expected\n  ${pattern}\nbut has\n${this.inbox.join("\n")}`);
    return this.inbox.splice(at, 1)[0]!;
  }

  quiet(): void {
    if (this.inbox.length > 0) {
      throw new Error(`${this.domain} expected silence but has\n${this.inbox.join("\n")}`);
    }
  }
}
