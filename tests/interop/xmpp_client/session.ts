/**
 * npm's @xmpp/client with what the scripts need around it: registration before login, stanzas that can
 * be waited for, and checks as JSON lines (../client.ts reads them). The package has no types of its own,
 * so the face that is used here is declared here.
 */
import { client, xml as build } from "@xmpp/client";
import process from "node:process";

/** An XML element of the library (ltx). */
export interface Element {
  readonly name: string;
  readonly attrs: Readonly<Record<string, string | undefined>>;
  getChild(name: string, xmlns?: string): Element | undefined;
  getChildren(name: string, xmlns?: string): Element[];
  getChildText(name: string, xmlns?: string): string | null;
  toString(): string;
}

interface Caller {
  request(stanza: Element, timeout?: number): Promise<Element>;
}

interface Entity {
  readonly jid: { toString(): string; bare(): { toString(): string } };
  readonly iqCaller: Caller;
  readonly reconnect: { delay: number };
  readonly socket: { end(): void } | null;
  readonly streamManagement: { on(event: "resumed", listener: () => void): void };
  start(): Promise<unknown>;
  stop(): Promise<unknown>;
  send(element: Element): Promise<void>;
  isSecure(): boolean;
  on(event: string, listener: (argument: Element & Error) => void): void;
  once(event: string, listener: () => void): void;
}

type Authenticate = (credentials: Account, mechanism: string) => Promise<void>;

export interface Account {
  readonly username: string;
  readonly password: string;
}

export const xml = build as unknown as (
  name: string,
  attrs?: Record<string, string | undefined>,
  ...children: (Element | string)[]
) => Element;

const WAIT = 5000;
const domain = variable("INTEROP_DOMAIN");

export function variable(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run this by the tests`);
  return value;
}

/** One session of an account; `received` keeps what nobody has waited for yet. */
export class Session {
  readonly entity: Entity;
  readonly mechanisms: string[] = [];
  readonly errors: string[] = [];
  #received: Element[] = [];
  #waiting: (() => void)[] = [];

  constructor(readonly service: string, readonly account: Account, resource: string, register = false) {
    let fresh = register;
    const credentials = async (authenticate: Authenticate, offered: string[]) => {
      this.mechanisms.splice(0, Infinity, ...offered);
      if (fresh) await this.#register();
      fresh = false;
      await authenticate(account, offered[0] ?? "PLAIN");
    };
    this.entity = client({ service, domain, resource, credentials }) as unknown as Entity;
    this.entity.on("error", (error) => this.errors.push(String(error)));
    this.entity.on("stanza", (stanza) => {
      this.#received.push(stanza);
      for (const wake of this.#waiting.splice(0)) wake();
    });
  }

  get jid(): string {
    return this.entity.jid.toString();
  }

  get bare(): string {
    return this.entity.jid.bare().toString();
  }

  /** Connects, negotiates TLS, registers if asked to, logs in, binds. */
  async login(): Promise<this> {
    await this.entity.start();
    return this;
  }

  send(element: Element): Promise<void> {
    return this.entity.send(element);
  }

  /** Sends an IQ and answers with its result; an error rejects. */
  ask(type: "get" | "set", payload: Element, to?: string): Promise<Element> {
    return this.entity.iqCaller.request(xml("iq", { type, to }, payload), WAIT);
  }

  /** The first stanza that passes, waiting for it if need be; it is consumed. */
  async take(what: string, test: (stanza: Element) => boolean): Promise<Element> {
    const deadline = Date.now() + WAIT;
    for (;;) {
      const at = this.#received.findIndex(test);
      const [found] = at < 0 ? [] : this.#received.splice(at, 1);
      if (found) return found;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.push(resolve);
      const timer = setTimeout(resolve, deadline - Date.now());
      await promise;
      clearTimeout(timer);
      if (Date.now() >= deadline) throw new Error(`no ${what}; there were:\n${this.#received.join("\n")}`);
    }
  }

  message(body: string): Promise<Element> {
    return this.take(`message ${body}`, (s) => s.name === "message" && s.getChildText("body") === body);
  }

  presence(from: string, type?: string): Promise<Element> {
    const about = (jid = "") => jid === from || jid.startsWith(`${from}/`);
    return this.take(`presence ${type ?? "available"} from ${from}`, (s) => {
      return s.name === "presence" && about(s.attrs["from"]) && s.attrs["type"] === type;
    });
  }

  push(jid: string): Promise<Element> {
    const item = (s: Element) => s.getChild("query", "jabber:iq:roster")?.getChild("item");
    return this.take(
      `roster push about ${jid}`,
      (s) => s.attrs["type"] === "set" && item(s)?.attrs["jid"] === jid,
    )
      .then((stanza) => item(stanza)!);
  }

  ping(to = domain): Promise<Element> {
    return this.ask("get", xml("ping", { xmlns: "urn:xmpp:ping" }), to);
  }

  async logout(): Promise<void> {
    await this.entity.stop();
  }

  async #register(): Promise<void> {
    const query = xml(
      "query",
      { xmlns: "jabber:iq:register" },
      xml("username", {}, this.account.username),
      xml("password", {}, this.account.password),
    );
    await this.ask("set", query);
  }
}

/** Runs the checks of a script and ends the process. */
export async function script(
  main: (check: (name: string, body: () => Promise<void>) => Promise<void>) => Promise<void>,
) {
  const say = (fields: Record<string, unknown>) => console.log(JSON.stringify(fields));
  try {
    await main(async (check, body) => {
      try {
        await body();
        say({ check, ok: true });
      } catch (error) {
        console.error(error);
        say({ check, ok: false, detail: String(error) });
      }
    });
    say({ end: true });
    process.exit(0);
  } catch (error) {
    console.error(error);
    process.exit(1);
  }
}
