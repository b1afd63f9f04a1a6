/** The kernel's points, taps, events and services: where a plugin meets the life of a stanza, a stream, an account. */
import type { Maybe } from "../base/maybe.ts";
import { definePoint, type Passage, type Refusal } from "../hook/point.ts";
import { defineTap } from "../hook/tap.ts";
import { defineEvent } from "../hook/token.ts";
import type { ClientSession } from "../session/client.ts";
import type { Asker } from "../session/asker.ts";
import type { Claim } from "../session/federation.ts";
import type { Entry } from "../session/home.ts";
import type { StanzaError } from "../stanza/error.ts";
import type { Stanza } from "../stanza/stanza.ts";
import type { End } from "../stream/stream.ts";
import type { Element } from "../xml/element.ts";

export interface Departing extends Passage {
  /** The sender's session. */
  readonly session: ClientSession;
}
export interface Arriving extends Passage {
  /** The sender's session, where it is one of this server. */
  readonly session: ClientSession | undefined;
  /** Whose requests are counted, where the sender has no session here: the stream of its server. */
  readonly asker?: Asker;
  /** When it came, in milliseconds since 1970, where that is a while ago: a session had it that has ended. */
  readonly since?: number;
}
export interface Delivering extends Passage {
  /** The receiver's session. */
  readonly session: ClientSession;
}
export interface Exporting extends Passage {
  readonly session: ClientSession | undefined;
}

/** A local session's stanza, before it is routed; presence to all subscribers has no `to` here. */
export const departing = definePoint<Departing>("departing");
/** A stanza for this host, an account of it, or a resource. */
export const arriving = definePoint<Arriving>("arriving");
/** A message for an account that no session took. */
export const undelivered = definePoint<Arriving>("undelivered");
/** A stanza for one session, before it is written. */
export const delivering = definePoint<Delivering>("delivering");
/** A stanza about to leave for another server. */
export const exporting = definePoint<Exporting>("exporting");

/** An address has connected to a port of some kind ("c2s", "s2s", …); there is no stream and no host yet. */
export interface Connecting {
  readonly address: string;
  readonly port: number;
  readonly kind: string;
}

/** "refuse" closes at once. Plugins of every host see it. */
export const connecting = defineTap<Connecting, Maybe<"refuse" | undefined>>("connecting");
/** Any element of any client's stream, authenticated or not, before anything else. */
export const entering = defineTap<{ session: ClientSession; element: Element }, Maybe<Entry>>("entering");
/** An inbound stanza of a session is done. */
export const handled = defineTap<{ session: ClientSession; stanza: Stanza }, undefined>("handled");
/** A stanza goes onto a session's wire, in wire order, as `text`; or is kept for one that waits without, and has none yet. */
export const writing = defineTap<
  { session: ClientSession; stanza: Stanza; text: string | undefined },
  undefined
>("writing");

/**
 * A bound session's stream is gone: by an error of ours (a StreamError), in order (undefined), or because the connection
 * broke (any other Error). "keep" lets the session wait for another stream; whoever says so must end it some time.
 */
export const parting = defineTap<{ session: ClientSession; end: End }, "keep" | undefined>("parting");

/**
 * A domain elsewhere wants to send to this host ("in"), before it is asked who it is. A StanzaError refuses: a peer is told its
 * condition, by dialback as it is, by SASL as `not-authorized`. What leaves for elsewhere passes `exporting` instead.
 */
export const claiming = defineTap<Claim, Maybe<StanzaError | undefined>>("claiming");
/** A pair of domains was authenticated on a stream of another server. */
export const peerOpened = defineEvent<Omit<Claim, "direction"> & { by: "certificate" | "dialback" }>(
  "peerOpened",
);

/** A session has its resource. */
export const sessionBound = defineEvent<{ session: ClientSession }>("sessionBound");
/** A bound session is no more; its JID and presence can still be read. */
export const sessionUnbound = defineEvent<{ session: ClientSession; end: End }>("sessionUnbound");
/** A client has logged in. */
export const loggedIn = defineEvent<{ session: ClientSession; mechanism: string }>("loggedIn");
export const accountCreated = defineEvent<{ local: string }>("accountCreated");
/** An account is about to go; its data is still there. */
export const accountRemoving = defineEvent<{ local: string }>("accountRemoving");
/** An account and its data are gone. */
export const accountRemoved = defineEvent<{ local: string }>("accountRemoved");
/** An account has been switched off. */
export const accountDisabled = defineEvent<{ local: string }>("accountDisabled");
export const passwordChanged = defineEvent<{ local: string }>("passwordChanged");
/** A stanza went no further; `at` is the label of the point. */
export const stanzaRefused = defineEvent<{ stanza: Stanza; refusal: Refusal; at: string }>("stanzaRefused");
/**
 * What the host has serves now: the server has started, or a change of its configuration is complete. From here on a plugin
 * may send; state that outlives a reload can be compared with the options of now.
 */
export const serving = defineEvent<Record<never, never>>("serving");
/** The server is about to end its sessions. */
export const stopping = defineEvent<Record<never, never>>("stopping");
