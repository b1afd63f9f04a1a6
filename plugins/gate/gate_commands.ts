/** The gate for administrators (XEP-0050): who is kept out and who is close to it; ban, and pardon. */
import { buildForm, formatDateTime, formShape, readDomainPattern } from "#plugin";
import { type Command, defineStage } from "../admin/api.ts";
import type { Gate } from "./api.ts";

const NS = "http://metronome.im/protocol/gate";
/** How many of a kind are shown. */
const SHOWN = 500;
const HOUR = 3_600_000;

export function gateCommands(gate: Gate): Command[] {
  return [list(gate), ban(gate), pardon(gate)];
}

function list(gate: Gate): Command {
  return {
    node: `${NS}#list`,
    name: "List Banned Domains",
    role: "admin",
    run() {
      const bans = gate.bans().slice(0, SHOWN).map(({ domain, reason, until }) => [
        { var: "domain", values: [domain] },
        { var: "until", values: [until === undefined ? "for ever" : formatDateTime(until)] },
        { var: "hits", values: [] },
        { var: "reason", values: [reason] },
      ]);
      const hits = gate.hits().slice(0, SHOWN).map(({ domain, count, reason }) => [
        { var: "domain", values: [domain] },
        { var: "until", values: [] },
        { var: "hits", values: [String(count)] },
        { var: "reason", values: [reason] },
      ]);
      if (bans.length === 0 && hits.length === 0) {
        return { info: "Nobody is banned, and nothing is counted." };
      }
      const payload = buildForm({
        type: "result",
        title: "Banned domains, and offences of others",
        fields: [],
        reported: [
          { var: "domain", label: "Domain", values: [] },
          { var: "until", label: "Banned until", values: [] },
          { var: "hits", label: "Offences", values: [] },
          { var: "reason", label: "Reason", values: [] },
        ],
        items: [...bans, ...hits],
      });
      return { payload };
    },
  };
}

function ban(gate: Gate): Command {
  const what = defineStage({
    form: formShape(NS, {
      domain: {
        kind: "text",
        label: "Domain",
        desc: "example.org, or *.example.org for all below it.",
        required: true,
        longest: 1023,
      },
      reason: { kind: "text", label: "Reason, for the log and the list", required: true, longest: 255 },
      hours: { kind: "integer", label: "Hours; nothing is for ever", min: 1, max: 1_000_000 },
    }),
    words: { title: "Ban a domain" },
    check({ domain }) {
      return readDomainPattern(domain) === undefined ? `"${domain}" is no domain` : undefined;
    },
  });
  return {
    node: `${NS}#ban`,
    name: "Ban a Domain",
    role: "admin",
    stages: [what],
    run(call) {
      const { domain, reason, hours } = call.of(what);
      gate.ban(domain, reason, hours === null || hours === undefined ? undefined : hours * HOUR);
      return { info: `${readDomainPattern(domain)} is banned.` };
    },
  };
}

function pardon(gate: Gate): Command {
  const which = defineStage({
    form: formShape(NS, {
      domain: { kind: "text", label: "Domain, as it is in the list", required: true, longest: 1023 },
    }),
    words: { title: "Lift a ban, and forget offences" },
  });
  return {
    node: `${NS}#pardon`,
    name: "Pardon a Domain",
    role: "admin",
    stages: [which],
    run(call) {
      const { domain } = call.of(which);
      return gate.pardon(domain)
        ? { info: `${domain} is pardoned.` }
        : { error: `${domain} is not banned, and nothing is counted.` };
    },
  };
}
