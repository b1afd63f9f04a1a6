/** What a session keeps only until it is bound: the login under way, and what came of those before it. */
import type { Exchange, Mechanism, Success } from "../sasl/mechanism.ts";
import { StreamError } from "../stream/error.ts";
import type { Element } from "../xml/element.ts";
import type { Attempt } from "./home.ts";
import type { Login, Task } from "./login.ts";

/** A login by XEP-0388 under way: nothing else may be said on its stream until it is over. */
export interface Ongoing<S> extends Login<S> {
  request: Element;
  /** What the exchange came to, while there are tasks left. */
  success: Success | undefined;
  tasks: readonly Task[];
  /** The one of them that the client has begun. */
  task: Task | undefined;
  /** `<continue/>` has been sent. */
  continued: boolean;
}

export interface Negotiation<S> extends Attempt {
  exchange: Exchange | undefined;
  mechanism: string;
  failures: number;
  /** What the stream was offered, strongest first; worked out once a header. */
  offered: readonly Mechanism[] | undefined;
  /** Whom the stream's header says it is from, as it stands there; "" where it says nothing. */
  from: string;
  login: Ongoing<S> | undefined;
}

/** A session as far as it keeps one. */
interface Negotiating<S> {
  negotiation: Negotiation<S> | undefined;
}

/** While a login is under way, everything else ends the stream (XEP-0388 §2.4). */
export function refuseBetween<S>({ negotiation }: Negotiating<S>, element: Element): void {
  const login = negotiation?.login;
  if (login === undefined || element.ns === login.request.ns) return;
  throw new StreamError("policy-violation", `<${element.name}/> came in the middle of a login`);
}

/** The session's, made where there is none. */
export function negotiationOf<S>(session: Negotiating<S>): Negotiation<S> {
  return session.negotiation ??= {
    exchange: undefined,
    mechanism: "",
    failures: 0,
    account: undefined,
    stamp: 0,
    bindingRefused: false,
    offered: undefined,
    from: "",
    login: undefined,
  };
}
