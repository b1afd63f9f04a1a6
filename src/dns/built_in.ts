/**
 * The resolver of the runtime, for machines that name no server of their own. It tells neither how long an answer
 * holds nor whether it was validated, and knows no TLSA records (PLATFORM §1.8), so nothing that rests on DNSSEC works.
 */
import type { Clock } from "../base/clock.ts";
import { bounded } from "./bounded.ts";
import { dnsName } from "./name.ts";
import { DnsError, type SrvRecord } from "./resolver.ts";
import type { Data, Found, Kind, Source } from "./source.ts";

/** The function of the runtime, replaced in tests. */
export type Ask = (
  name: string,
  kind: "A" | "AAAA" | "SRV",
  options: { signal: AbortSignal },
) => Promise<string[] | SrvRecord[]>;

/** See the top of the file. */
export class BuiltIn implements Source {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #ask: Ask;

  constructor(clock: Clock, timeoutMs: number, ask: Ask = askRuntime) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#ask = ask;
  }

  async ask<K extends Kind>(kind: K, name: string, signal: AbortSignal): Promise<Found<K>> {
    if (kind === "TLSA") return { records: [], authentic: false, ttlMs: undefined };
    const late = () =>
      new DnsError("timeout", name, `DNS: no answer for ${kind} ${name} within ${this.#timeoutMs} ms`);
    const bounds = { clock: this.#clock, timeoutMs: this.#timeoutMs, signal, late };
    const records = await bounded<readonly (string | SrvRecord)[]>(bounds, (done, failed) => {
      const stop = new AbortController();
      this.#ask(name, kind as Exclude<Kind, "TLSA">, { signal: stop.signal }).then(
        done,
        (error: unknown) =>
          error instanceof Deno.errors.NotFound ? done([]) : failed(told(error, kind, name)),
      );
      return () => stop.abort();
    });
    return { records: records.flatMap(tidy) as Data[K][], authentic: false, ttlMs: undefined };
  }
}

function askRuntime(
  name: string,
  kind: "A" | "AAAA" | "SRV",
  options: { signal: AbortSignal },
): Promise<string[] | SrvRecord[]> {
  // The final dot keeps the machine's search list out of it.
  return kind === "SRV"
    ? Deno.resolveDns(`${name}.`, "SRV", options)
    : Deno.resolveDns(`${name}.`, kind, options);
}

function tidy(record: string | SrvRecord): (string | SrvRecord)[] {
  if (typeof record === "string") return [record];
  const target = dnsName(record.target);
  return target === undefined ? [] : [{ ...record, target }];
}

function told(error: unknown, kind: Kind, name: string): DnsError {
  const message = error instanceof Error ? error.message : String(error);
  const fault = error instanceof Deno.errors.TimedOut || /timed? ?out/i.test(message)
    ? "timeout"
    : "servfail";
  return new DnsError(fault, name, `DNS: no answer for ${kind} ${name}: ${message}`);
}
