/**
 * The end of a login by XEP-0388 §2.6.1: what the client asked for beside is done in one order, and told in `<success/>`.
 * First what adds to the login, then a session to be resumed, and only where there is none a resource.
 */
import { encodeBase64 } from "../../base/bytes.ts";
import { type Maybe, then } from "../../base/maybe.ts";
import { Jid } from "../../jid/jid.ts";
import { StreamError } from "../../stream/error.ts";
import { Authenticated, Bound } from "../../stream/state.ts";
import { el, Element } from "../../xml/element.ts";
import type { ClientSession } from "../client.ts";
import type { Resumption } from "../inline.ts";
import type { Ongoing } from "../negotiation.ts";
import { BIND2_NS, bindInline } from "./bind2.ts";

export const SASL2_NS = "urn:xmpp:sasl:2";

/** Ends a login that has succeeded. */
export function complete(login: Ongoing<ClientSession>): Maybe<undefined> {
  const { session, mechanism, agent } = login;
  session.agent = agent?.id ?? "";
  session.home!.authenticated(session, login.success!.success, mechanism);
  const children: Element[] = [];
  return then(
    addToLogin(login, children, 0),
    () => then(resumption(login, children, 0), (found) => conclude(login, children, found)),
  );
}

function addToLogin(login: Ongoing<ClientSession>, children: Element[], from: number): Maybe<void> {
  const { sasl2 } = login.session.home!.inlines;
  for (let i = from; i < sasl2.length; i++) {
    const child = sasl2[i]!.take(login);
    if (child instanceof Promise) {
      return child.then((c) => {
        if (c !== undefined) children.push(c);
        return addToLogin(login, children, i + 1);
      });
    }
    if (child !== undefined) children.push(child);
  }
}

function resumption(
  login: Ongoing<ClientSession>,
  children: Element[],
  from: number,
): Maybe<Resumption<ClientSession> | undefined> {
  const { session } = login;
  const { resume } = session.home!.inlines;
  for (let i = from; i < resume.length; i++) {
    if (session.stream === undefined) return undefined;
    const taken = resume[i]!.take(login);
    if (taken === undefined) continue;
    return then(taken, (t) => {
      if (t !== undefined && !(t instanceof Element)) return t;
      if (t !== undefined) children.push(t);
      return resumption(login, children, i + 1);
    });
  }
  return undefined;
}

/** At once, whatever it is: nothing comes between what is said here and what is true. */
function conclude(
  login: Ongoing<ClientSession>,
  children: Element[],
  found: Resumption<ClientSession> | undefined,
): undefined {
  const { session, request } = login;
  const { stream } = session;
  // The client has gone away meanwhile.
  if (stream === undefined) return undefined;
  if (!session.home!.isCurrent(session, session.username)) {
    throw new StreamError("not-authorized", "this account is not what it was at the login");
  }
  if (found !== undefined && found.session.isBound) {
    children.push(found.answer());
    stream.send(successOf(login, found.session.jid!, children));
    found.session.resume(session);
    found.resumed(session);
    return undefined;
  }
  if (found !== undefined) children.push(found.over());
  const wanted = request.child("bind", BIND2_NS);
  const bound = wanted === undefined ? undefined : bindInline(session, wanted);
  if (bound !== undefined) children.push(bound);
  const jid = session.jid ?? Jid.of(session.username, session.home!.domain);
  stream.send(successOf(login, jid, children));
  session.negotiation!.login = undefined;
  // Not a turn later: whoever binds a resource until then would not find this session, which may have the same name.
  session.become({ gain: Authenticated | (session.jid === undefined ? 0 : Bound), announce: true });
  return undefined;
}

function successOf(login: Ongoing<ClientSession>, jid: Jid, children: readonly Element[]): Element {
  return el("success", SASL2_NS, {}, [
    additionalData(login),
    el("authorization-identifier", SASL2_NS, {}, jid.toString()),
    ...children,
  ]);
}

/** What the mechanism says at its end; it goes with what follows on the exchange, and only with that. */
export function additionalData(login: Ongoing<ClientSession>): Element | undefined {
  const data = login.success?.data;
  if (data === undefined || login.continued) return undefined;
  return el("additional-data", SASL2_NS, {}, encodeBase64(data));
}
