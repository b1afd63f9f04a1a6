/** `check federation`: goes the way to another domain's server step by step, and tells what it finds. */
import { systemClock } from "../base/clock.ts";
import { createLog } from "../base/log.ts";
import { Wheel } from "../base/wheel.ts";
import type { Settings } from "../config/mod.ts";
import { openResolver } from "../dns/open.ts";
import { prepareDomain } from "../jid/domain.ts";
import { JidError } from "../jid/error.ts";
import { Dialer } from "../remote/dial.ts";
import { trustOf } from "../server/trust.ts";
import { countOf, describeFindings, type Found } from "./checks/describe.ts";
import { argument, type Command, EXIT, Failure, isGiven, say } from "./command.ts";
import type { Visit } from "./federation/stage.ts";
import { STAGES } from "./federation/stages.ts";
import type { Control } from "./control.ts";
import { Configuration } from "./load.ts";
import { reachRunning } from "./reach.ts";

export const checkFederation: Command = {
  name: "check federation",
  group: "Looking",
  takes: "<domain>",
  line: "Go the way to another server step by step, and tell what is found",
  page: `It looks at ${STAGES.map(({ id, line }) => `${id} (${line})`).join(", ")}. ` +
    "It asks the name servers and believes the authorities of the configuration, and speaks for its first host. " +
    "Exit code 0 when the domain can be reached, 4 when a step found an error.",
  examples: [
    ["metronome check federation example.org", "why nothing arrives there"],
    ["metronome check federation example.org --json", "for a monitoring script"],
    ['metronome check federation example.org --set dns.servers=["9.9.9.9"]', "with another name server"],
  ],
  options: [{ flags: "--strict", line: "warnings count as errors" }],
  configured: true,
  async run(call) {
    const domain = prepared(argument(call, 0));
    const { read: { settings } } = await new Configuration(call).need();
    const running = await reachRunning(settings.server.run);
    const found = await examine(domain, settings, running);
    const [errors, warnings] = [countOf(found, "error"), countOf(found, "warning")];
    say(call, { domain, findings: found, errors, warnings }, describeFindings(found));
    return errors > 0 || (warnings > 0 && isGiven(call, "strict")) ? EXIT.problems : EXIT.ok;
  },
};

function prepared(written: string): string {
  try {
    return prepareDomain(written);
  } catch (error) {
    if (error instanceof JidError) throw new Failure(EXIT.usage, error.message);
    throw error;
  }
}

async function examine(
  domain: string,
  settings: Settings,
  running: Control | undefined,
): Promise<Found[]> {
  const clock = systemClock;
  const log = createLog({ level: "error" });
  const wheel = new Wheel(clock);
  const resolver = openResolver(settings.dns, { clock, log });
  const publicOnly = !settings.dns.private_addresses;
  const visit: Visit = {
    domain,
    from: ownName(settings),
    settings,
    resolver,
    dial: new Dialer({ resolver, wheel, clock, log, publicOnly, timeoutMs: 10_000 }),
    trust: trustOf(settings, clock),
    clock,
    wheel,
    ask: running === undefined ? undefined : (from, to) => running.visit(from, to),
    targets: [],
    reached: [],
  };
  const found: Found[] = [];
  try {
    for (const { id, run } of STAGES) {
      found.push(...(await run(visit)).map((finding) => ({ check: id, ...finding })));
      // What follows would only say again that there is nobody.
      if (visit.targets.length === 0) break;
    }
  } finally {
    resolver.close();
    wheel.stop();
  }
  return found;
}

/** Whom we say to be: the first host of people that others could know. */
function ownName({ hosts }: Settings): string {
  const domains = Object.values(hosts).filter(({ kind }) => kind === "user").map(({ domain }) => domain);
  return domains.find((it) => it !== "localhost") ?? "";
}
