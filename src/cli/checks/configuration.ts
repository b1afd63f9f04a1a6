/** What was odd about the configuration; what was wrong with it kept everybody from getting here. */
import { describeProblem } from "../../config/mod.ts";
import type { Check, Finding } from "./finding.ts";

export const configuration: Check = {
  id: "config",
  line: "the configuration can be read and makes sense",
  run({ loaded: { read, path } }) {
    const { hosts } = read.settings;
    const people = Object.values(hosts).filter(({ kind }) => kind === "user").map(({ domain }) => domain);
    const findings: Finding[] = read.warnings.map((it) => ({
      severity: "warning",
      text: describeProblem(it),
    }));
    findings.push({
      severity: "ok",
      text: `${path ?? "no file, all defaults"}: serves ${people.join(", ")}`,
    });
    return Promise.resolve(findings);
  },
};
