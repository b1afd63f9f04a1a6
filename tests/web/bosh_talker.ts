/** A client over BOSH: request by request for the letter of XEP-0124, or as a session that asks by itself. */
import { el, type Element } from "../../src/xml/element.ts";
import { parseXml } from "../../src/xml/parse.ts";
import { Talker } from "./talker.ts";

const NS = "http://jabber.org/protocol/httpbind";

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body, where it is one. */
  readonly body: Element;
}

const NONE = el("none", "");

/** One request, as it is. */
export async function post(
  port: number,
  body: string,
  headers: Record<string, string> = {},
  signal?: AbortSignal,
): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${port}/http-bind`, {
    method: "POST",
    body,
    headers: { "content-type": "text/xml; charset=utf-8", ...headers },
    ...(signal === undefined ? {} : { signal }),
  });
  return await answerOf(response);
}

/** A request by script syntax: the query as it is. */
export async function get(port: number, query: string): Promise<Answer> {
  return await answerOf(await fetch(`http://127.0.0.1:${port}/http-bind?${query}`));
}

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  const body = text.startsWith("<body") ? parseXml(text) : NONE;
  return { status: response.status, headers: response.headers, text, body };
}

/** Requests by hand. */
export class BoshHand {
  sid = "";
  rid = 1_573_741_820;

  constructor(readonly port: number, readonly headers: Record<string, string> = {}) {}

  /** The first request; `wait` and `hold` unless said otherwise, and what else there shall be. */
  async create(more = "", wait = 5, hold = 1): Promise<Answer> {
    const answer = await post(
      this.port,
      `<body rid='${this.rid++}' to='a.test' wait='${wait}' hold='${hold}' ver='1.6' xmpp:version='1.0' ` +
        `xml:lang='en' ${more} xmlns:xmpp='urn:xmpp:xbosh' xmlns='${NS}'/>`,
      this.headers,
    );
    this.sid = answer.body.attr("sid") ?? "";
    return answer;
  }

  /** The next request. */
  next(content = "", more = ""): Promise<Answer> {
    return this.at(this.rid++, content, more);
  }

  /** A request with this id. */
  at(rid: number, content = "", more = "", signal?: AbortSignal): Promise<Answer> {
    const text = `<body rid='${rid}' sid='${this.sid}' ${more} xmlns:xmpp='urn:xmpp:xbosh' xmlns='${NS}'`;
    return post(this.port, content === "" ? text + "/>" : `${text}>${content}</body>`, this.headers, signal);
  }
}

/** A session that always has a request at the server. */
export class BoshTalker extends Talker implements AsyncDisposable {
  readonly hand: BoshHand;
  /** Why the server ended it. */
  condition: string | undefined;
  #open = 0;
  #created = false;
  #ended = false;
  #running = new Set<Promise<void>>();

  constructor(port: number, domain = "a.test", headers: Record<string, string> = {}) {
    super(domain);
    this.hand = new BoshHand(port, headers);
  }

  async open(): Promise<Element> {
    if (this.#created) this.#ask("", `xmpp:restart='true' to='${this.domain}'`);
    else {
      this.#created = true;
      this.#took(await this.hand.create());
    }
    return await this.expect("<stream:features/>");
  }

  send(xml: string): void {
    this.#ask(xml, "");
  }

  /** Ends the session by its own wish. */
  async terminate(): Promise<void> {
    this.#ask("", "type='terminate'");
    await Promise.all(this.#running);
  }

  /** No more requests: the client is gone. */
  vanish(): void {
    this.#ended = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) await this.terminate();
  }

  #ask(content: string, more: string): void {
    this.#open++;
    const done = this.hand.next(content, more).then((answer) => {
      this.#open--;
      this.#took(answer);
    }).finally(() => this.#running.delete(done));
    this.#running.add(done);
  }

  #took({ body }: Answer): void {
    this.heard(...body.elements());
    if (body.attr("type") === "terminate") {
      this.#ended = true;
      this.condition = body.attr("condition");
      this.ended();
    } else if (this.#open === 0 && !this.#ended) this.#ask("", "");
  }
}
