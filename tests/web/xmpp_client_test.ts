/** npm's @xmpp/client over WebSocket: an independent reading of RFC 7395. */
import { equal, match, ok } from "node:assert/strict";
import { client, xml } from "@xmpp/client";
import { soon } from "../server/rig.ts";
import { PASSWORD, webServer } from "./world.ts";

/** What is used here of a package without types. */
interface Stanza {
  readonly name: string;
  readonly attrs: Readonly<Record<string, string | undefined>>;
  getChildText(name: string): string | null;
}
interface Entity {
  readonly jid: { toString(): string };
  readonly socket: { end?(): void; close?(): void } | null;
  readonly streamManagement: { on(event: "resumed", heard: () => void): void };
  start(): Promise<unknown>;
  stop(): Promise<unknown>;
  send(stanza: unknown): Promise<void>;
  on(event: string, heard: (stanza: Stanza) => void): void;
}

const build = xml as unknown as (
  name: string,
  attrs: Record<string, string>,
  ...children: unknown[]
) => unknown;

class Person {
  readonly entity: Entity;
  #heard: Stanza[] = [];
  #wake: (() => void) | undefined;

  constructor(port: number, username: string) {
    const service = `ws://127.0.0.1:${port}/xmpp-websocket`;
    this.entity = client({
      service,
      domain: "a.test",
      username,
      password: PASSWORD,
      resource: "lib",
    }) as unknown as Entity;
    this.entity.on("error", () => {});
    this.entity.on("stanza", (stanza) => {
      this.#heard.push(stanza);
      this.#wake?.();
    });
  }

  async take(name: string, body: string): Promise<Stanza> {
    const found = async (): Promise<Stanza> => {
      for (;;) {
        const it = this.#heard.find((stanza) => stanza.name === name && stanza.getChildText("body") === body);
        if (it !== undefined) return it;
        await new Promise<void>((resolve) => this.#wake = resolve);
      }
    };
    return await soon(`${name} "${body}"`, found());
  }
}

Deno.test("@xmpp/client over WebSocket: two people talk, and a broken connection is resumed", {
  sanitizeResources: false,
  sanitizeOps: false,
}, async () => {
  await using serving = await webServer();
  const port = await serving.port("http");
  const [alice, bob] = [new Person(port, "alice"), new Person(port, "bob")];
  await soon("alice", alice.entity.start());
  await soon("bob", bob.entity.start());
  match(alice.entity.jid.toString(), /^alice@a\.test\//);
  await alice.entity.send(build("presence", {}));
  const to = alice.entity.jid.toString();
  await bob.entity.send(build("message", { to, type: "chat" }, build("body", {}, "Grüße 🎉")));
  equal((await alice.take("message", "Grüße 🎉")).attrs["from"], bob.entity.jid.toString());
  const resumed = new Promise<void>((resolve) => alice.entity.streamManagement.on("resumed", resolve));
  const { socket } = alice.entity;
  ok(socket !== null);
  if (socket.end !== undefined) socket.end();
  else socket.close?.();
  await bob.entity.send(build("message", { to, type: "chat" }, build("body", {}, "meanwhile")));
  await soon("the resumption", resumed);
  await alice.take("message", "meanwhile");
  await alice.entity.stop();
  await bob.entity.stop();
});
