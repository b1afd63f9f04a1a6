/** `check`: everything a server can find out about itself and its machine; with `--hooks`, who acts on which stanza. */
import { createLog } from "../base/log.ts";
import { systemClock } from "../base/clock.ts";
import { describeProblem, findConfig } from "../config/mod.ts";
import { type Hooks, hooksOf } from "../server/hooks.ts";
import { openOffline } from "../server/open.ts";
import { countOf, describeFindings, type Found } from "./checks/describe.ts";
import type { Subject } from "./checks/finding.ts";
import { CHECKS } from "./checks/list.ts";
import {
  type Call,
  type Command,
  EXIT,
  type ExitCode,
  Failure,
  isGiven,
  say,
  textOption,
} from "./command.ts";
import { describeHooks } from "./hooks.ts";
import { Configuration, type Loaded, type Read } from "./load.ts";
import { reachRunning } from "./reach.ts";

export const check: Command = {
  name: "check",
  group: "Looking",
  takes: "[check...]",
  line: "Examine configuration, plugins, certificates, ports and storage",
  page:
    `There are these checks, and all are made unless some are named: ${
      CHECKS.map(({ id, line }) => `${id} (${line})`).join(", ")
    }. ` +
    "Exit code 0 when all is well, 4 when a check found an error.\n\n" +
    "With --hooks it prints which plugins see a stanza, in which order, and what each of them may do to it.",
  examples: [
    ["metronome check", "everything"],
    ["metronome check certificates --json", "for a monitoring script"],
    ["metronome check --hooks --host example.org", "who acts on what, on one host"],
  ],
  options: [
    { flags: "--strict", line: "warnings count as errors" },
    { flags: "--hooks", line: "print who acts where instead; --host NAME chooses one host" },
  ],
  configured: true,
  async run(call) {
    return isGiven(call, "hooks") ? await printHooks(call) : await examine(call);
  },
};

async function examine(call: Call): Promise<ExitCode> {
  const named = (call.args[0] ?? []) as unknown as readonly string[];
  const unknown = named.find((id) => !CHECKS.some((it) => it.id === id));
  if (unknown !== undefined) {
    const ids = CHECKS.map(({ id }) => id).join(", ");
    throw new Failure(EXIT.usage, `there is no check "${unknown}"; there are: ${ids}`);
  }
  const loaded = await new Configuration(call).load();
  const found = loaded.read === undefined
    ? loaded.problems.map((it): Found => ({ check: "config", severity: "error", text: describeProblem(it) }))
    : await findAll(named, { ...loaded, read: loaded.read });
  const [errors, warnings] = [countOf(found, "error"), countOf(found, "warning")];
  say(call, { findings: found, errors, warnings }, describeFindings(found));
  return errors > 0 || (warnings > 0 && isGiven(call, "strict")) ? EXIT.problems : EXIT.ok;
}

async function findAll(named: readonly string[], loaded: Loaded & { readonly read: Read }): Promise<Found[]> {
  const control = await reachRunning(loaded.read.settings.server.run);
  const subject: Subject = { loaded, running: await control?.status(), clock: systemClock };
  const found: Found[] = [];
  for (const { id, run } of CHECKS) {
    if (named.length > 0 && !named.includes(id)) continue;
    found.push(...(await run(subject)).map((finding) => ({ check: id, ...finding })));
  }
  return found;
}

/** The hooks of the configured hosts, from a house that is set up on no data. */
async function printHooks(call: Call): Promise<ExitCode> {
  const { host: only, ...options } = call.options;
  // Where there is a configuration, the host is one of it; elsewhere it is the one that a start would serve.
  const configured = findConfig(call.terminal.env, textOption(call, "config")) !== undefined;
  const loaded = await new Configuration(configured ? { ...call, options } : call).need();
  const log = createLog({ level: "error" });
  const server = await openOffline({ settings: loaded.read.settings, plugins: loaded.plugins, log }, true);
  try {
    const hosts = [...server.hosts.all()].filter(({ domain }) => only === undefined || domain === only);
    if (hosts.length === 0) {
      throw new Failure(
        EXIT.usage,
        `${only} is not served; there are: ${[...server.hosts.all()].map((it) => it.domain).join(", ")}`,
      );
    }
    const hooks: Hooks[] = hosts.map(hooksOf);
    say(call, hooks, hooks.map(describeHooks).join("\n\n"));
    return EXIT.ok;
  } finally {
    await server.stop();
  }
}
