/** A stream feature as a value (RFC 6120 §4.3): when it is offered, and what happens when the peer takes it. */
import type { Maybe } from "../base/maybe.ts";
import type { Element } from "../xml/element.ts";

/** What the taking of a feature changed. */
export interface Taken {
  /** Bits of stream/state.ts that the stream has now. */
  readonly gain?: number;
  /** The stream starts anew with another header (RFC 6120 §4.3.3). */
  readonly restart?: boolean;
  /** The stream goes on and the peer is told what it can do now (XEP-0388 §2.6.1). */
  readonly announce?: boolean;
}

export interface StreamFeature<S> {
  /** Elements in this namespace, and iqs whose payload is in it, are taken by this feature. */
  readonly ns: string;
  /** Bits that must all be there for it to be offered and taken. */
  readonly needs: number;
  /** Bits of which none may be there. */
  readonly forbids: number;
  /**
   * What stands in `<stream:features/>`; undefined where it is not offered to this session. Best the same element each
   * time that it says the same.
   */
  offer(session: S): Element | readonly Element[] | undefined;
  /** Takes the peer's element; absent for features that only inform. */
  take?(session: S, element: Element): Maybe<Taken | undefined>;
}
