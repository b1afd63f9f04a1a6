/** A person who uploads files, over real sockets. */
import { ok } from "node:assert/strict";
import type { Element } from "../../src/xml/element.ts";
import type { Serving } from "../server/rig.ts";
import { WebSocketTalker } from "./web_socket_talker.ts";
import { PASSWORD } from "./world.ts";

export const NS = "urn:xmpp:http:upload:0";

export interface Slot {
  readonly put: string;
  readonly get: string;
  readonly headers: Record<string, string>;
}

export class Uploader implements Disposable {
  #ids = 0;

  /** Who is asked for places. */
  host = "a.test";

  constructor(readonly talker: WebSocketTalker, readonly port: number) {}

  static async online(serving: Serving, name = "alice"): Promise<Uploader> {
    const port = await serving.port("http");
    const talker = await WebSocketTalker.connect(port);
    await talker.online(name, PASSWORD, "web");
    return new Uploader(talker, port);
  }

  /** The answer to a request for a place. */
  async request(attributes: string, children = "", ns = NS): Promise<Element> {
    const id = `slot${++this.#ids}`;
    this.talker.send(
      `<iq xmlns='jabber:client' type='get' id='${id}' to='${this.host}'><request xmlns='${ns}' ${attributes}>${children}</request></iq>`,
    );
    return await this.talker.expect(`<iq id='${id}'/>`);
  }

  async slot(name: string, size: number, type = "image/png", children = ""): Promise<Slot> {
    const answer = await this.request(`filename='${name}' size='${size}' content-type='${type}'`, children);
    const slot = answer.child("slot", NS);
    ok(slot, answer.toString());
    const put = slot.child("put")!;
    const headers = put.elements().map((header) => [header.attr("name")!, header.text]);
    return {
      put: this.#local(put.attr("url")!),
      get: this.#local(slot.child("get")!.attr("url")!),
      headers: Object.fromEntries(headers),
    };
  }

  /** Sends a file and answers the status. */
  async put({ put, headers }: Slot, body: BodyInit): Promise<number> {
    const response = await fetch(put, { method: "PUT", body, headers });
    await response.body?.cancel();
    return response.status;
  }

  async condition(attributes: string, children = ""): Promise<string> {
    const error = (await this.request(attributes, children)).child("error");
    return `${error?.attr("type")} ${error?.first()?.name}`;
  }

  /** The address without the name and port that the world would use. */
  #local(url: string): string {
    const { pathname, search } = new URL(url);
    return `http://127.0.0.1:${this.port}${pathname}${search}`;
  }

  [Symbol.dispose](): void {
    this.talker[Symbol.dispose]();
  }
}
