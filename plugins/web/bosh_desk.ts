/** Where requests of BOSH arrive, are brought to their sessions, and get their responses. */
import type { Context } from "hono";
import { connectionOf, errorResponse, type HostScope, randomId, XmlError } from "#plugin";
import { type BoshBody, count, writeBody } from "./bosh_body.ts";
import { movedTo } from "./bosh_conditions.ts";
import { type ScriptSyntax, writeScript } from "./bosh_script.ts";
import { BoshSession, type Reply } from "./bosh_session.ts";
import { agree, type Allowance } from "./bosh_terms.ts";
import type { Cors } from "./cors.ts";

/** Bytes of randomness in a session's id (§19.2: unpredictable). */
const SID_BYTES = 18;
const XML = "text/xml; charset=utf-8";
const SCRIPT = "text/javascript; charset=utf-8";

interface Entry {
  readonly session: BoshSession;
  /** What the client wants its answers to be called. */
  readonly content: string | undefined;
  /** Set where the session was made by a script: all its answers are scripts. */
  readonly syntax: ScriptSyntax | undefined;
}

/** What outlives the desk. */
export interface BoshSessions {
  readonly sessions: Map<string, Entry>;
  /** Where clients are sent when the server stops. */
  redirect: string | undefined;
}

export interface DeskOptions extends Allowance {
  readonly treat_as_secure: boolean;
  readonly redirect: string | undefined;
}

export class BoshDesk {
  constructor(
    private readonly host: HostScope<unknown>,
    private readonly config: DeskOptions,
    private readonly held: BoshSessions,
    private readonly cors: Cors,
  ) {}

  /** The answer to a page that may not use this. */
  refuse(c: Context): Response | undefined {
    if (this.cors.allows(c.req.header("origin"), connectionOf(c))) return undefined;
    return errorResponse(c.req.header("accept"), 403, "Pages of this origin may not use this address.");
  }

  /** `piece` is how a request of a session by scripts is read, whatever it comes by. */
  async answer(
    c: Context,
    syntax: ScriptSyntax | undefined,
    read: () => BoshBody,
    piece: () => BoshBody,
  ): Promise<Response> {
    const secure = this.config.treat_as_secure || connectionOf(c)?.secure === true;
    let entry: Entry | undefined;
    let reply: Reply;
    try {
      let body = read();
      const { sid } = body.attrs;
      entry = sid === undefined ? undefined : this.held.sessions.get(sid);
      if (sid === undefined) [entry, reply] = await this.#begin(c, body, syntax, secure);
      else if (entry === undefined) reply = terminal("item-not-found");
      else if (entry.session.terms.secure && !secure) {
        // §19.1: whoever is behind this, the session goes on.
        return errorResponse(c.req.header("accept"), 403, "This session is one over TLS.");
      } else {
        if (entry.syntax !== undefined && syntax === undefined) body = piece();
        const rid = count(body.attrs.rid);
        reply = rid === undefined
          ? terminal("bad-request")
          : await entry.session.receive(rid, body, c.req.raw.signal);
      }
    } catch (error) {
      if (!(error instanceof XmlError)) throw error;
      reply = { status: 400, text: terminal("bad-request").text };
    }
    return this.#response(c, reply, syntax ?? entry?.syntax, entry?.content);
  }

  /** §7: a session's first request. */
  async #begin(
    c: Context,
    { attrs, content }: BoshBody,
    syntax: ScriptSyntax | undefined,
    secure: boolean,
  ): Promise<[Entry | undefined, Reply]> {
    const { held, config, host } = this;
    if (config.redirect !== undefined) {
      const { condition, content } = movedTo(config.redirect);
      return [undefined, { status: 200, text: writeBody({ type: "terminate", condition }, content) }];
    }
    const rid = count(attrs.rid);
    if (rid === undefined || rid === 0) return [undefined, terminal("bad-request", attrs.ver === undefined)];
    const sid = randomId(SID_BYTES);
    const terms = agree(attrs, config, secure, () => held.redirect);
    const session = new BoshSession(sid, terms, host, connectionOf(c)?.address ?? "", rid);
    const entry = { session, syntax, content: contentType(attrs.content) };
    held.sessions.set(sid, entry);
    let leave = (): void => {};
    session.left = () => {
      held.sessions.delete(sid);
      leave();
    };
    leave = host.attach(session, "bosh", session);
    // Turned away at once.
    if (!held.sessions.has(sid)) leave();
    return [entry, await session.receive(rid, { attrs, content }, c.req.raw.signal)];
  }

  #response(
    c: Context,
    { status, text }: Reply,
    syntax: ScriptSyntax | undefined,
    content: string | undefined,
  ): Response {
    const script = syntax !== undefined;
    return c.body(script ? writeScript(text, syntax) : text, script ? 200 : status, {
      "content-type": content ?? (script ? SCRIPT : XML),
      "cache-control": "no-store",
      pragma: "no-cache",
      // It is nobody's document: opened as one, its content (which others have a say in) must not run.
      "content-security-policy": "default-src 'none'; sandbox",
      ...this.cors.headers(c.req.header("origin")),
    });
  }
}

function terminal(condition: string, legacy = false): Reply {
  return {
    status: legacy ? 400 : 200,
    text: writeBody({ type: "terminate", condition }, ""),
  };
}

/** §7.1: what the client wants its answers to be called; a plain type, in the one encoding that there is. */
function contentType(wanted: string | undefined): string | undefined {
  return /^[a-z]+\/[a-z0-9.+-]+(; ?charset="?utf-8"?)?$/i.test(wanted ?? "") ? wanted : undefined;
}
