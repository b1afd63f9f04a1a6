/**
 * What can be negotiated within a login by XEP-0388, as values, by the place where it happens: `sasl2` beside the login,
 * `resume` in the place of binding a resource, `bind2` while one is bound (XEP-0386).
 */
import type { Maybe } from "../base/maybe.ts";
import type { Mechanism } from "../sasl/mechanism.ts";
import type { Element } from "../xml/element.ts";
import type { Login } from "./login.ts";

/** Adds to a login. */
export interface LoginInline<S> {
  /** What stands in `<inline/>`; undefined where it is not offered to this session. */
  offer(session: S): Element | undefined;
  /** Mechanisms that are announced by `offer` and not among the others; undefined where the login uses none of them. */
  mechanism?(login: Login<S>): Mechanism | undefined;
  /** The client has proved who it is. What goes into `<success/>`. */
  take(login: Login<S>): Maybe<Element | undefined>;
}

/** An older session that goes on with the stream that has just logged in. */
export interface Resumption<S> {
  readonly session: S;
  /** What goes into `<success/>`; asked for when it is sent. */
  answer(): Element;
  /** What is said instead where the older session has ended since it was found. */
  over(): Element;
  /** The older session has the stream of `from`, and the client was told. */
  resumed(from: S): void;
}

/** Resumes sessions; asked after everything that adds to the login, so that nothing can come in between. */
export interface ResumeInline<S> {
  offer(session: S): Element | undefined;
  /** undefined where the client asks for nothing; an element says why it could not be done, and a resource is bound. */
  take(login: Login<S>): Maybe<Resumption<S> | Element | undefined>;
}

/** Something that a new session begins with. */
export interface BindInline<S> {
  /** Its name in `<inline/>`. */
  readonly feature: string;
  /**
   * The session has its name and is not yet to be found by others: what is said here is true when the first stanza can
   * come. `request` is the client's `<bind/>`; the answers go into `<bound/>`. Never a promise: nothing may come between.
   */
  take(session: S, request: Element): Element | undefined;
}

/** All of a host, in the order of its plugins. */
export interface Inlines<S> {
  readonly sasl2: readonly LoginInline<S>[];
  readonly resume: readonly ResumeInline<S>[];
  readonly bind2: readonly BindInline<S>[];
}
