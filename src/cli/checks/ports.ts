/** Whether the configured ports can be had, or are had by the running server. */
import { UNIX, wantedPorts } from "../../server/listeners.ts";
import { whyNotOpen } from "../../transport/probe.ts";
import type { Check, Finding } from "./finding.ts";

export const ports: Check = {
  id: "ports",
  line: "every configured port can be listened on",
  async run({ loaded: { read: { settings } }, running }) {
    const findings: Finding[] = [];
    for (const { kind, at } of wantedPorts(settings)) {
      if (at.startsWith(UNIX)) continue;
      const open = running?.listeners.find((it) => it.kind === kind && it.at === at);
      if (open !== undefined) findings.push({ severity: "ok", text: `${kind} ${at}: open` });
      else findings.push(await tried(kind, at, running !== undefined));
    }
    return findings;
  },
};

async function tried(kind: string, address: string, running: boolean): Promise<Finding> {
  const why = await whyNotOpen(address);
  if (why !== undefined) return { severity: "error", text: `${kind}: ${why}` };
  return running
    ? { severity: "warning", text: `${kind} ${address}: configured, but not open`, fix: "metronome reload" }
    : { severity: "ok", text: `${kind} ${address}: free` };
}
