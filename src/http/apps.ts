/**
 * Which app answers a request: a Hono app for every host, chosen by the name the client asked for, and one for all
 * other names. The whole set is one value and is replaced as one, so a reload is never seen half done.
 */
import type { Hono } from "hono";

/** An app as this floor serves it, and as plugins write it. */
export type App = Hono;

/** Everything that is served at one time. */
export interface Apps {
  /** By host name in lower case, without port. */
  readonly hosts: ReadonlyMap<string, App>;
  /** Answers for every other name. */
  readonly fallback: App;
}

/** The app for a request's address. */
export function appFor(apps: Apps, url: string): App {
  return apps.hosts.get(hostOf(url)) ?? apps.fallback;
}

/**
 * The host of a request's address in lower case, without port and without the dot that may end a name. The runtime puts
 * the Host header there, or HTTP/2's `:authority`; what is no name at all finds no host.
 */
export function hostOf(url: string): string {
  const start = url.indexOf("//") + 2;
  let end = url.indexOf("/", start);
  if (end < 0) end = url.length;
  const colon = url.lastIndexOf(":", end);
  // The colons of an address in brackets are no port's.
  if (colon > start && colon < end && url.lastIndexOf("]", end) < colon) end = colon;
  if (url.charCodeAt(end - 1) === 46) end--;
  return url.slice(start, end).toLowerCase();
}
