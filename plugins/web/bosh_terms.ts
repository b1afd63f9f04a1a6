/** What client and server agree on when a session begins (XEP-0124 §7). */
import type { Attrs, Header } from "#plugin";
import { count } from "./bosh_body.ts";

/** The version of XEP-0124 spoken here, as clients write it. */
const VERSION = [1, 11] as const;

/** What the configuration allows. Milliseconds. */
export interface Allowance {
  readonly wait: number;
  readonly hold: number;
  readonly inactivity: number;
  readonly polling: number;
  readonly pause: number;
}

export interface Terms extends Allowance {
  /** Requests at a time. */
  readonly requests: number;
  /** Nothing is held: the client comes again and again. */
  readonly isPolling: boolean;
  /** The domain that the first stream is for. */
  readonly to: string | undefined;
  readonly version: string | undefined;
  /** It has not said what it speaks, and is told errors by HTTP. */
  readonly legacy: boolean;
  /** It acknowledges, and wants to be acknowledged. */
  readonly acks: boolean;
  readonly secure: boolean;
  /** Where clients are sent when the server stops. */
  redirect(): string | undefined;
}

/** What a client gets of what it asks for. */
export function agree(
  attrs: Attrs,
  most: Allowance,
  secure: boolean,
  redirect: () => string | undefined,
): Terms {
  const wait = Math.min(most.wait, 1000 * (count(attrs.wait) ?? Infinity));
  const hold = wait === 0 ? 0 : Math.min(most.hold, count(attrs.hold) ?? most.hold);
  const isPolling = hold === 0;
  return {
    wait,
    hold,
    // §12: a client that comes by itself needs longer than one that is always there.
    inactivity: isPolling ? most.inactivity + 2 * most.polling : most.inactivity,
    polling: most.polling,
    pause: most.pause,
    requests: hold + 1,
    isPolling,
    to: attrs.to,
    version: lower(attrs.ver),
    legacy: attrs.ver === undefined,
    acks: attrs.ack !== undefined,
    secure,
    redirect,
  };
}

/** The attributes of the first response (§7.2; XEP-0206 §4). */
export function greeting(
  sid: string,
  terms: Terms,
  { id, from }: Header,
  rid: number,
): Record<string, string | number | undefined> {
  return {
    sid,
    wait: seconds(terms.wait),
    hold: terms.hold,
    requests: terms.requests,
    inactivity: seconds(terms.inactivity),
    polling: seconds(terms.polling),
    maxpause: seconds(terms.pause),
    ver: terms.version,
    from,
    authid: id,
    ack: terms.acks ? rid : undefined,
    secure: terms.secure ? "true" : undefined,
    "xmpp:version": "1.0",
    "xmpp:restartlogic": "true",
  };
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}

/** The client's version or ours, the lower one; numbers, not digits (§7.1). */
function lower(version: string | undefined): string | undefined {
  const found = /^(\d{1,5})\.(\d{1,5})$/.exec(version ?? "");
  if (found === null) return version === undefined ? undefined : VERSION.join(".");
  const [major, minor] = [Number(found[1]), Number(found[2])];
  const less = major < VERSION[0] || (major === VERSION[0] && minor < VERSION[1]);
  return less ? `${major}.${minor}` : VERSION.join(".");
}
