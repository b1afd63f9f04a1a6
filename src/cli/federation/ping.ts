/** Whether the running server and theirs accept each other, and whether theirs answers: tried by the running server itself. */
import type { VisitReport } from "../../server/visit.ts";
import type { Finding } from "../checks/finding.ts";
import type { Stage } from "./stage.ts";

export const ping: Stage = {
  id: "ping",
  line: "whether both servers accept each other, and theirs answers a ping",
  async run({ domain, from, ask }) {
    if (ask === undefined) {
      return [{ severity: "note", text: "is not tried: no server is running here" }];
    }
    if (from === "") return [{ severity: "note", text: "is not tried: there is no host to speak for" }];
    const report = await ask(from, domain);
    return [...report.pairs.map((pair) => accepted(domain, report, pair)), answered(domain, report)];
  },
};

function accepted(
  domain: string,
  { from }: VisitReport,
  { direction, bidi, secure, by, address }: VisitReport["pairs"][number],
): Finding {
  const way = bidi ? "in both directions" : direction === "out" ? `from ${from}` : `to ${from}`;
  const known = by === "certificate" ? "its certificate" : "dialback";
  const where = address === "" ? "" : ` at ${address}`;
  const text = `a stream ${way}${where}, ${
    secure ? "with TLS" : "without TLS"
  }: ${domain} is known by ${known}`;
  return { severity: secure ? "ok" : "warning", text };
}

function answered(domain: string, { from, condition, text, milliseconds, pairs }: VisitReport): Finding {
  if (condition === "") {
    return { severity: "ok", text: `${domain} answers a ping of ${from} (${milliseconds} ms)` };
  }
  const why = text === "" ? condition : `${condition}: ${text}`;
  // Whoever says that it does not know pings has heard and answered.
  if (pairs.length > 0 && condition !== "remote-server-timeout") {
    return {
      severity: "ok",
      text: `${domain} answers ${from}, though not a ping: ${why} (${milliseconds} ms)`,
    };
  }
  return { severity: "error", text: `${domain} cannot be reached from ${from}: ${why}` };
}
