/** What a session ends by, in BOSH's words (XEP-0124 §17). */

/** The end of a session that its stream has come to. */
export interface End {
  readonly condition: string | undefined;
  /** Comes after what was still to be said. */
  readonly content: string;
}

/** Those that are BOSH's own matter where nothing else has been said on the stream. */
const EARLY = ["host-unknown", "improper-addressing"];
/** Those that are the whole server's. */
const OURS = ["host-gone", "system-shutdown", "internal-server-error"];

/** From the stream error that was written, "" where it closed in order. */
export function conditionOf(error: string, greeted: boolean, redirect: string | undefined): End {
  if (error === "") return { condition: undefined, content: "" };
  const condition = /^<stream:error[^>]*><([a-z-]+)/.exec(error)?.[1] ?? "";
  if (condition === "system-shutdown" && redirect !== undefined) return movedTo(redirect);
  if (OURS.includes(condition) || (!greeted && EARLY.includes(condition))) return { condition, content: "" };
  return { condition: "remote-stream-error", content: error };
}

/** §17.2: another address is to be used. */
export function movedTo(uri: string): End {
  const text = uri.replace(/[<&>]/g, (char) => `&#${char.charCodeAt(0)};`);
  return { condition: "see-other-uri", content: `<uri>${text}</uri>` };
}

/** §17.1: what clients from before version 1.6 are told instead of a condition. */
export function httpStatus(condition: string): 200 | 400 | 403 | 404 {
  switch (condition) {
    case "bad-request":
      return 400;
    case "policy-violation":
      return 403;
    case "item-not-found":
      return 404;
    default:
      return 200;
  }
}
