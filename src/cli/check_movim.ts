/** `check movim`: does on any server what Movim does, as a client of an account there, and tells how far that gets. */
import { systemClock } from "../base/clock.ts";
import { randomId } from "../base/id.ts";
import { createLog } from "../base/log.ts";
import { Wheel } from "../base/wheel.ts";
import { openResolver } from "../dns/open.ts";
import { asciiDomain } from "../jid/domain.ts";
import { Jid } from "../jid/jid.ts";
import { countOf, describeFindings, type Found } from "./checks/describe.ts";
import { argument, type Call, type Command, EXIT, Failure, isGiven, say, textOption } from "./command.ts";
import { cleaning } from "./movim/posting.ts";
import type { Flow } from "./movim/step.ts";
import { STEPS } from "./movim/steps.ts";
import { type Address, Wire } from "./movim/wire.ts";

const PORT = 5222;

export const checkMovim: Command = {
  name: "check movim",
  group: "Looking",
  takes: "<address>",
  line: "Do on any server what Movim does, and tell how far that gets",
  page:
    `It logs in as the account (SCRAM-SHA-1, so that the password is never shown to anybody), and goes on in steps: ${
      STEPS.map(({ id, line }) => `${id} (${line})`).join(", ")
    }. It makes nodes of its own, whose names begin with urn:metronome:check, and deletes them in the end. ` +
    "The password is asked for, or read from a pipe. Exit code 0 when Movim works there, 4 when something it needs is missing.",
  examples: [
    ["metronome check movim alice@example.org", "asks for the password"],
    ["pass show chat | metronome check movim alice@example.org --json", "for a script"],
    ["metronome check movim alice@example.org --at 127.0.0.1:5222", "a server that DNS does not name"],
  ],
  options: [
    { flags: "--at <host:port>", line: "where the server is" },
    { flags: "--strict", line: "warnings count as errors" },
  ],
  async run(call) {
    const account = Jid.tryParse(argument(call, 0));
    if (account === undefined || account.local === "" || !account.isBare) {
      throw new Failure(
        EXIT.usage,
        `"${argument(call, 0)}" is no address of an account, such as alice@example.org`,
      );
    }
    const found = await examine(account, await password(call), textOption(call, "at"));
    const [errors, warnings] = [countOf(found, "error"), countOf(found, "warning")];
    say(call, { account: account.toString(), findings: found, errors, warnings }, describeFindings(found));
    return errors > 0 || (warnings > 0 && isGiven(call, "strict")) ? EXIT.problems : EXIT.ok;
  },
};

async function password({ terminal }: Call): Promise<string> {
  const typed = terminal.interactive ? await terminal.readSecret("Password: ") : await terminal.readLine();
  if (typed === undefined || typed === "") {
    throw new Failure(EXIT.usage, "no password: type it, or pipe it in");
  }
  return typed;
}

async function examine(account: Jid, password: string, at: string | undefined): Promise<Found[]> {
  const wheel = new Wheel(systemClock);
  const found: Found[] = [];
  const failed = (check: string, error: unknown) =>
    found.push({ check, severity: "error", text: error instanceof Error ? error.message : String(error) });
  try {
    const wire = await enter(account, password, at, wheel, found).catch((error) =>
      void failed("login", error)
    );
    if (wire === undefined) return found;
    const node = `urn:metronome:check:${randomId(9)}`;
    const flow: Flow = { wire, account, node, comments: undefined, made: [] };
    try {
      for (const { id, run } of STEPS) {
        try {
          found.push(...(await run(flow)).map((it) => ({ check: id, ...it })));
        } catch (error) {
          failed(id, error);
        }
      }
    } finally {
      if (flow.made.length > 0) await cleaning.run(flow).catch((error) => void failed(cleaning.id, error));
      wire.close();
    }
    return found;
  } finally {
    wheel.stop();
  }
}

/** Connects and logs in; what is seen on the way are findings. */
async function enter(
  account: Jid,
  password: string,
  at: string | undefined,
  wheel: Wheel,
  found: Found[],
): Promise<Wire | undefined> {
  const add = (severity: Found["severity"], text: string) => found.push({ check: "login", severity, text });
  const addresses = at === undefined ? await addressesOf(account.domain) : [addressIn(at)];
  let wire: Wire | undefined;
  let fault: unknown;
  for (const address of addresses) {
    try {
      wire = await Wire.connect(address, account, { clock: systemClock, wheel });
      break;
    } catch (error) {
      fault = error;
    }
  }
  if (wire === undefined) throw fault ?? new Error(`${account.domain} names no server for clients`);
  const { tls, mechanisms, offered } = wire;
  if (tls === undefined) add("warning", "the connection has no TLS");
  else add("ok", tls);
  if (!mechanisms.includes("SCRAM-SHA-1")) {
    wire.close();
    throw new Error(
      `SCRAM-SHA-1 is not offered (${mechanisms.join(", ") || "nothing is"}): Movim cannot log in safely`,
    );
  }
  add("ok", `offers ${mechanisms.join(", ")}`);
  if (offered?.has("authentication", "urn:xmpp:sasl:2") !== true) {
    add("note", "SASL2 and Bind 2 are not there");
  }
  try {
    await wire.login(account, password);
  } catch (error) {
    wire.close();
    throw error;
  }
  return wire;
}

function addressIn(text: string): Address {
  const match = /^(?:\[([^\]]+)\]|([^:\s]+))(?::(\d{1,5}))?$/.exec(text);
  if (match === null) {
    throw new Failure(EXIT.usage, `--at ${text}: expected a host and a port, such as 127.0.0.1:5222`);
  }
  return { hostname: match[1] ?? match[2]!, port: Number(match[3] ?? PORT), direct: false };
}

/** RFC 6120 §3.2 with XEP-0368, as far as a check needs it: by priority, and the domain itself where DNS names nothing. */
async function addressesOf(domain: string): Promise<Address[]> {
  const log = createLog({ level: "error" });
  const options = {
    servers: [],
    trust: "none",
    timeout: 3000,
    attempts: 2,
    cache_entries: 100,
    cache_longest: 60_000,
    ipv6: true,
  } as const;
  const resolver = openResolver(options, { clock: systemClock, log });
  try {
    const name = asciiDomain(domain);
    const ask = async (service: string, direct: boolean) => {
      const records = await resolver.srv(`${service}._tcp.${name}`).then((it) => it.records, () => []);
      return records.filter(({ target }) => target !== ".").map((it) => ({ ...it, direct }));
    };
    const found = [...await ask("_xmpp-client", false), ...await ask("_xmpps-client", true)]
      .toSorted((a, b) => a.priority - b.priority)
      .map(({ target, port, direct }): Address => ({ hostname: target, port, direct }));
    return found.length > 0 ? found : [{ hostname: name, port: PORT, direct: false }];
  } finally {
    resolver.close();
  }
}
