/** One question to one name server, and what counts as the answer to it. */
import type { Clock } from "../base/clock.ts";
import { DnsError } from "./resolver.ts";
import { type Reply, TYPES } from "./packet.ts";
import type { Kind } from "./source.ts";

/** A name server. */
export interface NameServer {
  readonly address: string;
  readonly port: number;
  /** Whether it is believed when it says that it has validated an answer (RFC 4035 §4.9.3). */
  readonly trusted: boolean;
}

/** One question to one name server. */
export interface Asking {
  readonly server: NameServer;
  readonly kind: Kind;
  readonly name: string;
  /** Whether to say that longer datagrams are welcome (RFC 6891). */
  readonly edns: boolean;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** An unpredictable id (RFC 5452 §4.3). */
export function questionId(): number {
  return crypto.getRandomValues(new Uint16Array(1))[0] ?? 0;
}

/** Whether a reply belongs to a question (RFC 5452 §9.1); its spelling is looked at elsewhere. */
export function answers(reply: Reply | undefined, id: number, { kind, name }: Asking): reply is Reply {
  if (reply?.id !== id) return false;
  const { question } = reply;
  // A server that understood nothing of the question cannot repeat it.
  if (question === undefined) return reply.code !== 0;
  return question.type === TYPES[kind] && question.name.toLowerCase() === name;
}

/** Nothing came in time. */
export function late({ server, kind, name, timeoutMs }: Asking): DnsError {
  return new DnsError(
    "timeout",
    name,
    `DNS: ${where(server)} did not answer for ${kind} ${name} within ${timeoutMs} ms`,
  );
}

/** A name server as it is written. */
export function where({ address, port }: NameServer): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
