/** A login by XEP-0388 as the features within it see it: what the client said, and what may still have to be done. */
import type { Maybe } from "../base/maybe.ts";
import type { Failure } from "../sasl/mechanism.ts";
import type { Element } from "../xml/element.ts";
import { own } from "../xml/own.ts";

/** What a client says of itself (XEP-0388 §2.3). Only the account's owner may see it. */
export interface UserAgent {
  /** Stays the same for one installation of the client: a UUID in lower case. */
  readonly id: string | undefined;
  readonly software: string | undefined;
  readonly device: string | undefined;
}

/** One attempt of a session (`S`), from `<authenticate/>` to its end. */
export interface Login<S> {
  readonly session: S;
  readonly mechanism: string;
  /** The client's `<authenticate/>`, with what it asks for beside. */
  readonly request: Element;
  readonly agent: UserAgent | undefined;
}

/** Something to be done between the exchange and the success (XEP-0388 §2.6.3). */
export interface Task {
  readonly name: string;
  /** The client begins it; what goes into `<task-data/>`. */
  begin(next: Element): Element;
  /** The client's `<task-data/>`; nothing where that was all. */
  take(data: Element): Maybe<Failure | undefined>;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** Of the names that people read, so many characters are kept. */
const LONGEST_NAME = 100;

/** Reads `<user-agent/>`; "malformed" where its id is no UUID. */
export function readUserAgent(request: Element): UserAgent | "malformed" | undefined {
  const agent = request.child("user-agent");
  if (agent === undefined) return undefined;
  const id = agent.attr("id");
  if (id !== undefined && !UUID.test(id)) return "malformed";
  return {
    id: id === undefined ? undefined : own(id.toLowerCase()),
    software: name(agent.childText("software")),
    device: name(agent.childText("device")),
  };
}

function name(text: string | undefined): string | undefined {
  const trimmed = text?.trim() ?? "";
  if (trimmed === "") return undefined;
  return own(trimmed.length <= LONGEST_NAME ? trimmed : [...trimmed].slice(0, LONGEST_NAME).join(""));
}
