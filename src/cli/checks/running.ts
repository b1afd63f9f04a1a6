/** What the running server itself finds wrong. */
import type { Check } from "./finding.ts";

export const running: Check = {
  id: "server",
  line: "the running server has no problems",
  run({ running }) {
    if (running === undefined) return Promise.resolve([{ severity: "note", text: "is not running" }]);
    const { version, pid, problems } = running;
    return Promise.resolve([
      { severity: "ok", text: `${version} is running (process ${pid})` },
      ...problems.map((text) => ({ severity: "error" as const, text })),
    ]);
  },
};
