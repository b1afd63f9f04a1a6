/**
 * XEP-0388: Extensible SASL Profile 1.0.4. A login without a new stream behind it, with room for more than the
 * exchange: tasks after it, and what the client asks for beside, which is done by the inlines of the host at its end.
 */
import { type Maybe, then } from "../../base/maybe.ts";
import { Jid } from "../../jid/jid.ts";
import type { Failure, Mechanism, Success } from "../../sasl/mechanism.ts";
import { StreamError } from "../../stream/error.ts";
import type { StreamFeature, Taken } from "../../stream/feature.ts";
import { Authenticated, Secure } from "../../stream/state.ts";
import { el, type Element } from "../../xml/element.ts";
import { Made } from "../../xml/made.ts";
import type { ClientSession } from "../client.ts";
import { readUserAgent, type Task } from "../login.ts";
import { negotiationOf, type Ongoing } from "../negotiation.ts";
import { begin, CHANGED, fail, offered, type Profile, respond } from "./attempt.ts";
import { offerBind } from "./bind2.ts";
import { additionalData, complete, SASL2_NS } from "./sasl2_success.ts";

const UPGRADE_NS = "urn:xmpp:sasl:upgrade:0";

const profile: Profile = {
  ns: SASL2_NS,
  waits(session) {
    const { login } = session.negotiation!;
    // It may be a while until it is needed again: it must not keep the bytes that it came in.
    if (login !== undefined) login.request = login.request.detached();
  },
  succeed(session, success) {
    const login = session.negotiation!.login!;
    const { request, mechanism } = login;
    login.success = success;
    const named = authorizationFault(session, success);
    if (named !== undefined) return fail(session, profile, named.failure, named.text);
    login.tasks = session.home!.tasks(request, success.success.username, mechanism);
    return goOn(session, login);
  },
};

/** The feature of one host. */
export function sasl2(): StreamFeature<ClientSession> {
  const made = new Made();
  return { ...feature, offer: (session) => offer(session, made) };
}

function offer(session: ClientSession, made: Made): Element | undefined {
  const mechanisms = offered(session);
  if (mechanisms.length === 0) return undefined;
  const { inlines, upgrades } = session.home!;
  const inline: (Element | undefined)[] = [];
  for (const feature of inlines.resume) inline.push(feature.offer(session));
  for (const feature of inlines.sasl2) inline.push(feature.offer(session));
  return made.from([mechanisms, inlines, upgrades, ...inline], () =>
    el("authentication", SASL2_NS, {}, [
      ...mechanisms.map(({ name }) => el("mechanism", SASL2_NS, {}, name)),
      el("inline", SASL2_NS, {}, [offerBind(inlines.bind2), ...inline]),
      ...upgrades.map((name) => el("upgrade", UPGRADE_NS, {}, name)),
    ]));
}

const feature: Omit<StreamFeature<ClientSession>, "offer"> = {
  ns: SASL2_NS,
  // XEP-0388 §3: only after TLS, whatever the host thinks of the older profile.
  needs: Secure,
  forbids: Authenticated,
  take(session, element) {
    switch (element.name) {
      case "authenticate":
        return authenticate(session, element);
      case "response":
        // An exchange of the other profile is not to be gone on with.
        return session.negotiation?.login === undefined
          ? fail(session, profile, "malformed-request", "no login has been begun")
          : respond(session, profile, element.text);
      case "abort":
        return fail(session, profile, "aborted");
      case "next":
        return next(session, element);
      case "task-data":
        return taskData(session, element);
      default:
        throw new StreamError("unsupported-stanza-type", `<${element.name}/> is not part of SASL`);
    }
  },
};

function authenticate(session: ClientSession, request: Element): Maybe<Taken | undefined> {
  const state = negotiationOf(session);
  if (state.login !== undefined) {
    throw new StreamError("policy-violation", "the login before it is not over");
  }
  checkFrom(session);
  const agent = readUserAgent(request);
  if (agent === "malformed") {
    return fail(session, profile, "malformed-request", "the id of <user-agent/> is not a UUID");
  }
  const wanted = request.attr("mechanism") ?? "";
  const login: Ongoing<ClientSession> = {
    session,
    mechanism: wanted,
    request,
    agent,
    success: undefined,
    tasks: [],
    task: undefined,
    continued: false,
  };
  state.login = login;
  const mechanism = offered(session).find(({ name }) => name === wanted) ?? inlineMechanism(login);
  return begin(session, profile, mechanism, request.childText("initial-response"));
}

/** XEP-0388 §2.1: a header that is from elsewhere than where it goes to. */
function checkFrom(session: ClientSession): void {
  const from = headerFrom(session);
  if (from !== undefined && from.domain !== session.home!.domain) {
    throw new StreamError("invalid-from", `the stream's header is from ${from.domain}`);
  }
}

function inlineMechanism(login: Ongoing<ClientSession>): Mechanism | undefined {
  for (const inline of login.session.home!.inlines.sasl2) {
    const mechanism = inline.mechanism?.(login);
    if (mechanism !== undefined) return mechanism;
  }
  return undefined;
}

/** XEP-0388 §4.4: whom a client wants to act as is whom its stream is from, where it said so. */
function authorizationFault(session: ClientSession, { success }: Success): Failure | undefined {
  if (success.authzid === undefined) return undefined;
  const from = headerFrom(session);
  if (from === undefined || from.local === "" || from.local === success.username) return undefined;
  return { failure: "invalid-authzid", text: "the stream's header is from another account" };
}

function headerFrom(session: ClientSession): Jid | undefined {
  const from = session.negotiation?.from ?? "";
  return from === "" ? undefined : Jid.tryParse(from);
}

// --- tasks ----------------------------------------------------------------------------------------------------------

/** The next task, or the end. */
function goOn(session: ClientSession, login: Ongoing<ClientSession>): Maybe<Taken | undefined> {
  const { tasks } = login;
  const { stream } = session;
  // The client has gone away meanwhile.
  if (stream === undefined) return undefined;
  login.task = undefined;
  if (tasks.length === 0) {
    return session.home!.isCurrent(session, login.success!.success.username)
      ? complete(login)
      : fail(session, profile, "not-authorized", CHANGED);
  }
  login.request = login.request.detached();
  stream.send(el("continue", SASL2_NS, {}, [
    additionalData(login),
    el("tasks", SASL2_NS, {}, [el("task", SASL2_NS, {}, tasks[0]!.name)]),
  ]));
  login.continued = true;
  return undefined;
}

function next(session: ClientSession, element: Element): Maybe<Taken | undefined> {
  const login = session.negotiation?.login;
  const task = login?.tasks[0];
  if (login === undefined || task === undefined || login.task !== undefined) {
    return fail(session, profile, "malformed-request", "no task is to be begun now");
  }
  if (element.attr("task") !== task.name) {
    return fail(session, profile, "malformed-request", `the task to be done is ${task.name}`);
  }
  login.task = task;
  session.stream!.send(el("task-data", SASL2_NS, {}, [task.begin(element)]));
  return undefined;
}

function taskData(session: ClientSession, element: Element): Maybe<Taken | undefined> {
  const login = session.negotiation?.login;
  const task: Task | undefined = login?.task;
  if (login === undefined || task === undefined) {
    return fail(session, profile, "malformed-request", "no task was begun");
  }
  return then(task.take(element), (failure): Maybe<Taken | undefined> => {
    if (failure !== undefined) return fail(session, profile, failure.failure, failure.text);
    login.tasks = login.tasks.slice(1);
    return goOn(session, login);
  });
}
