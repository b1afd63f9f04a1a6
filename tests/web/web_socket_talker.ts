/** A client over WebSocket: each frame is read as the document that RFC 7395 wants it to be. */
// @ts-types="@types/ws"
import { WebSocket } from "ws";
import type { Element } from "../../src/xml/element.ts";
import { parseXml } from "../../src/xml/parse.ts";
import { soon } from "../server/rig.ts";
import { Talker } from "./talker.ts";

const FRAMING = "urn:ietf:params:xml:ns:xmpp-framing";

interface Options {
  readonly domain?: string;
  readonly protocols?: string[];
  readonly headers?: Record<string, string>;
  /** wss, believing any certificate. */
  readonly secure?: boolean;
}

export class WebSocketTalker extends Talker implements Disposable {
  /** Frames as they came. */
  readonly frames: string[] = [];
  /** The code that it was closed with. */
  readonly closed: Promise<number>;

  private constructor(readonly socket: WebSocket, domain: string) {
    super(domain);
    this.closed = new Promise((resolve) =>
      socket.on("close", (code) => {
        this.ended();
        resolve(code);
      })
    );
    socket.on("message", (data) => {
      const frame = String(data);
      this.frames.push(frame);
      this.heard(parseXml(frame));
    });
    socket.on("error", () => {});
  }

  static async connect(port: number, options: Options = {}): Promise<WebSocketTalker> {
    const { domain = "a.test", protocols = ["xmpp"], headers = {}, secure = false } = options;
    const socket = new WebSocket(`${secure ? "wss" : "ws"}://127.0.0.1:${port}/xmpp-websocket`, protocols, {
      headers: { host: domain, ...headers },
      rejectUnauthorized: false,
    });
    const it = new WebSocketTalker(socket, domain);
    await soon(
      "a WebSocket",
      new Promise((resolve, reject) => {
        socket.once("open", resolve);
        socket.once("error", reject);
      }),
    );
    return it;
  }

  send(xml: string): void {
    this.socket.send(xml);
  }

  async open(): Promise<Element> {
    this.send(`<open xmlns='${FRAMING}' to='${this.domain}' version='1.0'/>`);
    await this.expect(`<open xmlns='${FRAMING}' from='${this.domain}' id='*' version='1.0'/>`);
    return await this.expect("<stream:features/>");
  }

  /** The stream has been closed, and the WebSocket after it. */
  async expectClose(): Promise<Element> {
    const close = await this.expect(`<close xmlns='${FRAMING}'/>`);
    await soon("the end of the connection", this.closed);
    return close;
  }

  [Symbol.dispose](): void {
    this.socket.terminate();
  }
}
