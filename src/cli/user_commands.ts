/** `user …`: accounts, on the running server at once, or on its data while none runs. */
import type { AccountChange, AccountStatus } from "../server/control_accounts.ts";
import { randomId } from "../base/id.ts";
import { argument, type Call, type Command, EXIT, Failure, isGiven, say, textOption } from "./command.ts";
import { Configuration, type Loaded, type Read } from "./load.ts";
import { askPassword } from "./password.ts";
import { reach, type Reached } from "./reach.ts";

const NOTE = "Works on the running server at once; without one, on its data folder.";

const add: Command = {
  name: "user add",
  group: "Accounts",
  takes: "<address>",
  line: "Make an account",
  page:
    `${NOTE} The password is asked for without showing it, or read from a pipe; it is never an argument, because other ` +
    "users of the machine can see those.",
  examples: [
    ["metronome user add alice@example.org", "asks for the password twice"],
    ["pass show chat | metronome user add alice", "the first line is the password; the only host is meant"],
    ["metronome user add bob --generate", "makes a password up and prints it"],
    ["metronome user add carol --role admin", "an administrator of her host"],
  ],
  options: [
    { flags: "--role <role>", line: "member (the usual), limited or admin" },
    { flags: "--generate", line: "make a password up, and print it" },
  ],
  configured: true,
  async run(call) {
    const role = textOption(call, "role");
    return await atAccount(call, async ({ control }, { domain, name }) => {
      const password = isGiven(call, "generate") ? randomId(15) : await askPassword(call);
      const made = await control.addAccount(domain, name, {
        password,
        ...(role === undefined ? {} : { role }),
      });
      const generated = isGiven(call, "generate") ? { password } : {};
      say(
        call,
        { ...made, ...generated },
        [
          `Made ${made.address}${made.role === "member" ? "" : `, ${made.role}`}.`,
          ...("password" in generated ? [`Password: ${password}`] : []),
        ].join("\n"),
      );
    });
  },
};

const password: Command = {
  name: "user password",
  group: "Accounts",
  takes: "<address>",
  line: "Set an account's password",
  page: `${NOTE} Sessions that are logged in stay.`,
  examples: [["metronome user password alice@example.org", "asks for it twice"]],
  options: [{ flags: "--generate", line: "make a password up, and print it" }],
  configured: true,
  async run(call) {
    return await atAccount(call, async ({ control }, { domain, name }) => {
      const password = isGiven(call, "generate") ? randomId(15) : await askPassword(call);
      const changed = await control.changeAccount(domain, name, { password });
      const generated = isGiven(call, "generate") ? { password } : {};
      say(
        call,
        { ...changed, ...generated },
        [
          `${changed.address} has a new password.`,
          ...("password" in generated ? [`Password: ${password}`] : []),
        ].join("\n"),
      );
    });
  },
};

const remove: Command = {
  name: "user delete",
  group: "Accounts",
  takes: "<address>",
  line: "Delete an account and everything that is kept of it",
  page: `${NOTE} Its sessions end, its contacts are told, and nothing of it stays. This cannot be undone: ` +
    "`user disable` only locks the door.",
  options: [{ flags: "--yes", line: "do not ask" }],
  configured: true,
  async run(call) {
    return await atAccount(call, async ({ control }, { domain, name }) => {
      await confirmed(call, `Delete ${name}@${domain} and everything that is kept of it?`);
      await control.removeAccount(domain, name);
      say(call, { deleted: `${name}@${domain}` }, `Deleted ${name}@${domain}.`);
    });
  },
};

const disable: Command = {
  name: "user disable",
  group: "Accounts",
  takes: "<address>",
  line: "Lock an account: its sessions end, and it cannot log in",
  page: NOTE,
  configured: true,
  run: (call) => change(call, { disabled: true }, (it) => `${it.address} is disabled.`),
};

const enable: Command = {
  name: "user enable",
  group: "Accounts",
  takes: "<address>",
  line: "Let a disabled account log in again",
  page: NOTE,
  configured: true,
  run: (call) => change(call, { disabled: false }, (it) => `${it.address} can log in.`),
};

const role: Command = {
  name: "user role",
  group: "Accounts",
  takes: "<address> <role>",
  line: "Give an account a role: member, limited or admin",
  page:
    `${NOTE} An admin may do everything on the account's host, a limited account may not reach out to others. ` +
    "Operators, who administer all hosts, are named in the configuration: [server] admins.",
  configured: true,
  run: (call) => change(call, { role: argument(call, 1) }, (it) => `${it.address} is ${it.role}.`),
};

const list: Command = {
  name: "user list",
  group: "Accounts",
  takes: "[host]",
  line: "List the accounts of a host, or of all",
  page: NOTE,
  examples: [["metronome user list --json | jq -r '.[].address'", "only the addresses"]],
  configured: true,
  async run(call) {
    const loaded = await new Configuration(call).need();
    const [only] = call.args;
    const domains = only === undefined ? userHosts(loaded) : [only];
    await using reached = await reach(loaded);
    const accounts: AccountStatus[] = [];
    for (const domain of domains) accounts.push(...await reached.control.accounts(domain));
    const width = Math.max(0, ...accounts.map(({ address }) => address.length)) + 2;
    const lines = accounts.map((it) => {
      const remarks = [
        ...(it.role === "member" ? [] : [it.role]),
        ...(it.disabled ? ["disabled"] : []),
        ...(it.sessions === 0 ? [] : [it.sessions === 1 ? "1 session" : `${it.sessions} sessions`]),
      ];
      return `${it.address.padEnd(width)}${it.created?.slice(0, 10) ?? ""}  ${remarks.join(", ")}`.trimEnd();
    });
    say(call, accounts, lines.length === 0 ? "There are no accounts." : lines.join("\n"));
    return EXIT.ok;
  },
};

export const userCommands: readonly Command[] = [add, list, password, role, disable, enable, remove];

interface Place {
  readonly domain: string;
  readonly name: string;
}

/** Finds the server and the account that a command is about, and does it there. */
async function atAccount(
  call: Call,
  act: (reached: Reached, place: Place) => Promise<void>,
): Promise<typeof EXIT.ok> {
  const loaded = await new Configuration(call).need();
  const place = placeOf(argument(call, 0), loaded);
  await using reached = await reach(loaded);
  await act(reached, place);
  return EXIT.ok;
}

async function change(
  call: Call,
  what: AccountChange,
  told: (account: AccountStatus) => string,
): Promise<typeof EXIT.ok> {
  return await atAccount(call, async ({ control }, { domain, name }) => {
    const account = await control.changeAccount(domain, name, what);
    say(call, account, told(account));
  });
}

/** `alice@example.org`, or `alice` where there is only one host. */
function placeOf(address: string, loaded: Loaded & { readonly read: Read }): Place {
  const at = address.lastIndexOf("@");
  if (at > 0 && at < address.length - 1) return { name: address.slice(0, at), domain: address.slice(at + 1) };
  const hosts = userHosts(loaded);
  const [only] = hosts;
  if (at < 0 && only !== undefined && hosts.length === 1) return { name: address, domain: only };
  throw new Failure(
    EXIT.usage,
    `"${address}" is not an address: write NAME@HOST (hosts: ${hosts.join(", ")})`,
  );
}

function userHosts({ read: { settings } }: Loaded & { readonly read: Read }): string[] {
  return Object.values(settings.hosts).filter(({ kind }) => kind === "user").map(({ domain }) => domain);
}

/** Asks, where somebody is there to be asked; a script has said what it wants by calling. */
async function confirmed(call: Call, question: string): Promise<void> {
  const { terminal } = call;
  if (isGiven(call, "yes") || !terminal.interactive) return;
  terminal.err(`${question} [y/N]`);
  const answer = (await terminal.readLine())?.trim().toLowerCase();
  if (answer !== "y" && answer !== "yes") throw new Failure(EXIT.failed, "nothing was deleted");
}
