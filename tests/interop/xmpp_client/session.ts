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
  readonly iqCallee: { set(ns: string, name: string, handler: () => boolean): void };
  readonly reconnect: { stop(): void; reconnect(): Promise<void> };
  readonly socket: { end(): void } | null;
  readonly streamManagement: { on(event: "resumed", listener: () => void): void };
  write(text: string): Promise<void>;
  start(): Promise<unknown>;
  stop(): Promise<unknown>;
  send(element: Element): Promise<void>;
  isSecure(): boolean;
  on(event: string, listener: (argument: Element & Error) => void): void;
  once(event: string, listener: () => void): void;
}

/** What the library keeps of XEP-0484 between two logins. */
interface Tokens {
  fetch(): Promise<unknown>;
}

type Authenticate = (credentials: object, mechanism: string, userAgent: Element) => Promise<void>;

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

/** INTEROP_LOG=DEBUG shows what goes over the line. */
function trace(who: string, way: string, what: unknown): void {
  if (process.env["INTEROP_LOG"] === "DEBUG") console.error(`${who} ${way} ${String(what).slice(0, 1000)}`);
}

/** One session of an account; `received` keeps what nobody has waited for yet. */
export class Session {
  readonly entity: Entity;
  readonly mechanisms: string[] = [];
  /** The mechanisms that it logged in with, one a login. */
  readonly used: string[] = [];
  readonly errors: string[] = [];
  #received: Element[] = [];
  #waiting: (() => void)[] = [];

  constructor(readonly service: string, readonly account: Account, resource: string, register = false) {
    let fresh = register;
    const userAgent = xml("user-agent", { id: crypto.randomUUID() });
    const credentials = async (authenticate: Authenticate, offered: string[], tokens: Tokens | null) => {
      this.mechanisms.splice(0, Infinity, ...offered);
      if (fresh) await this.#register();
      fresh = false;
      const token = await tokens?.fetch();
      await authenticate({ ...account, token }, offered[0] ?? "PLAIN", userAgent);
    };
    this.entity = client({ service, domain, resource, credentials }) as unknown as Entity;
    const write = this.entity.write.bind(this.entity);
    // The library listens for an answer only when the callback of its write has come: a server as near as this one may be
    // quicker. With nothing to send again it writes "", and nothing leaves Deno's node:tls behind that.
    this.entity.write = (text) => {
      trace(resource, ">", text);
      if (text !== "") write(text).catch(() => {}); // a socket that fails says so by an event
      return Promise.resolve();
    };
    this.entity.on("send", ({ name, attrs }) => {
      if (name === "auth" || name === "authenticate") this.used.push(attrs["mechanism"] ?? "");
    });
    this.entity.on("error", (error) => this.errors.push(String(error)));
    this.entity.on("element", (element) => trace(resource, "<", element));
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

  /** Whether a stanza that passes has come and was not waited for. */
  has(test: (stanza: Element) => boolean): boolean {
    return this.#received.some(test);
  }

  /** The connection is gone from one moment to the next; it stays so until `comeBack`. */
  async cut(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.entity.reconnect.stop();
    this.entity.once("disconnect", resolve);
    this.entity.socket?.end();
    await promise;
  }

  /** Connects again as the library does it: the older session is resumed, or there is a new one. */
  async comeBack(): Promise<"resumed" | "new"> {
    const { promise, resolve, reject } = Promise.withResolvers<"resumed" | "new">();
    const timer = setTimeout(() => reject(new Error("neither resumed nor logged in again")), WAIT);
    this.entity.once("online", () => resolve("new"));
    this.entity.streamManagement.on("resumed", () => resolve("resumed"));
    await this.entity.reconnect.reconnect();
    return await promise.finally(() => clearTimeout(timer));
  }

  /** Answers requests of this kind with an empty result; they can be waited for as all stanzas. */
  serve(name: string, ns: string): void {
    this.entity.iqCallee.set(ns, name, () => true);
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
