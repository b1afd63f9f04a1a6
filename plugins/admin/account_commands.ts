/** XEP-0133: the commands about accounts and their sessions, for administrators of the host. */
import { definePlugin, none } from "#plugin";
import { accountChanges } from "./account_changes.ts";
import { accountLists } from "./account_lists.ts";
import { commands } from "./api.ts";
import { endUserSession } from "./session_endings.ts";

export const accountCommands = definePlugin({
  name: "account_commands",
  doc: "Lets administrators manage accounts with their clients.",
  xeps: [[133, "1.3.1"]],
  config: none,
  standard: true,
  needs: [commands],
  setup(host) {
    const book = host.use(commands);
    for (const command of [...accountChanges(host), ...accountLists(host), endUserSession(host)]) {
      book.register(host, command);
    }
  },
});
