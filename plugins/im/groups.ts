/**
 * Shared groups: people who are in each other's contact lists because an administrator says so. Groups come from a file, which
 * is read again when it changes, and from what administrators edit with commands. Clients see every change at once.
 *
 * A group that is for everybody differs from the original server in one word: its members are "to" and not "both" in the
 * lists of those who are not members, because they do not see these people, and no client should believe it.
 */
import { accountRemoved, definePlugin, type HostScope, options, path } from "#plugin";
import { commands } from "../admin/api.ts";
import { sharedContacts } from "./api.ts";
import { groupCommands } from "./groups_commands.ts";
import type { Group } from "./groups_book.ts";
import { faultText, parseGroups } from "./groups_file.ts";
import { Groups } from "./groups_state.ts";
import { guardSubscriptions } from "./groups_subscriptions.ts";

/** How often the file is looked at. */
const LOOK = 10_000;

const config = options({
  file: path().optional().describe(
    "The file of groups: [Name] or, for groups that everybody sees, [+Name], then lines such as romeo@example.org=Romeo.",
  ),
});

export const groups = definePlugin({
  name: "groups",
  doc: "Puts people into each other's contact lists, as administrators decide.",
  config,
  standard: true,
  provides: [sharedContacts],
  wants: [commands],
  setup(host) {
    const { file } = host.config;
    const reader = file === undefined ? undefined : new GroupsFile(host, file);
    const state = new Groups(host, reader?.read() ?? []);
    host.provide(sharedContacts, state);
    guardSubscriptions(host, state);
    for (const command of groupCommands(host, state)) host.find(commands)?.register(host, command);
    host.on(accountRemoved, ({ local }) => {
      state.forget(local);
      void state.renew();
    });
    if (reader !== undefined) host.every(LOOK, () => reader.follow(state));
    // A reload has taken the file away: what it brought goes once the reload has succeeded.
    else if (state.isBehind) host.every(LOOK, () => void state.renew());
  },
});

class GroupsFile {
  #mark = "";

  constructor(private readonly host: HostScope<unknown>, private readonly path: string) {}

  /** Throws where it cannot be read or has faults: a host does not start with groups that nobody meant. */
  read(): Group[] {
    this.#mark = this.#look();
    let text: string;
    try {
      text = Deno.readTextFileSync(this.path);
    } catch (error) {
      throw new Error(`the file of groups, ${this.path}, cannot be read: ${why(error)}`);
    }
    const { groups, faults } = parseGroups(text);
    if (faults.length > 0) {
      throw new Error(`the file of groups, ${this.path}: ${faults.slice(0, 5).map(faultText).join("; ")}`);
    }
    return groups;
  }

  /** Takes over what the file says now; keeps the groups as they were where it makes no sense, and says so once. */
  follow(state: Groups): undefined {
    if (this.#look() === this.#mark) {
      void state.renew();
      return;
    }
    try {
      void state.replaceFile(this.read());
      this.host.log.info("groups read again", { file: this.path });
    } catch (error) {
      this.host.log.warn("the groups stay as they were", { reason: why(error) });
    }
  }

  /** Another text whenever the file is another. */
  #look(): string {
    try {
      const { mtime, size } = Deno.statSync(this.path);
      return `${mtime?.getTime()}/${size}`;
    } catch {
      return "";
    }
  }
}

function why(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
