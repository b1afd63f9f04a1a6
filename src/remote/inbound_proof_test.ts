import { deepEqual, equal } from "node:assert/strict";
import type { Maybe } from "../base/maybe.ts";
import type { Proof } from "../session/federation.ts";
import { ManualClock } from "../testing/clock.ts";
import type { ConnectorGround } from "./connector.ts";
import { identifyInbound } from "./inbound_proof.ts";
import type { Dane } from "./trust_dane.ts";

const CHAIN = [new Uint8Array([1])];

/** Whose certificate it is, where an authority and DNS say this. */
function judged(
  authority: boolean,
  associations: readonly Dane[] | Error | undefined,
  clock = new ManualClock(),
): { result: Maybe<Proof>; asked: string[] } {
  const asked: string[] = [];
  const ground = {
    context: { clock },
    trust: {
      identify: (_: string, __: unknown, dane?: Dane): Proof => {
        asked.push(dane?.host ?? "authority");
        const valid = dane === undefined ? authority : dane.host === "good.test";
        return { valid, why: valid ? "" : `not by ${dane?.host ?? "an authority"}` };
      },
    },
    dial: {
      associations: (_: string, signal: AbortSignal) => {
        asked.push("DNS");
        if (associations instanceof Error) return Promise.reject(associations);
        return associations === undefined
          ? new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)))
          : Promise.resolve(associations);
      },
    },
  } as unknown as ConnectorGround;
  return { result: identifyInbound(ground, "b.test", CHAIN), asked };
}

const host = (name: string): Dane => ({ host: name, records: [] });

Deno.test("a certificate that an authority vouches for is judged at once, and DNS is not asked", () => {
  const { result, asked } = judged(true, [host("bad.test")]);
  deepEqual(result, { valid: true, why: "" });
  equal(asked.join(), "authority");
});

Deno.test("RFC 7712: else the records of any server of the domain may vouch for it", async () => {
  const { result, asked } = judged(false, [host("bad.test"), host("good.test"), host("more.test")]);
  deepEqual(await result, { valid: true, why: "" });
  equal(asked.join(), "authority,DNS,bad.test,good.test");
});

Deno.test("records that do not vouch for it, no records, and no DNS leave the first judgement", async () => {
  for (const associations of [[host("bad.test")], [], new Error("SERVFAIL")]) {
    deepEqual(await judged(false, associations).result, { valid: false, why: "not by an authority" });
  }
});

Deno.test("DNS that does not answer is not waited for long", async () => {
  const clock = new ManualClock();
  const { result } = judged(false, undefined, clock);
  await clock.advance("6 s");
  deepEqual(await result, { valid: false, why: "not by an authority" });
});
