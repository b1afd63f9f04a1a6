/**
 * Accounts of this host that are removed are nobody in its rooms any more: whoever gets the name later must not be the owner
 * of rooms that they have never seen.
 */
import { accountRemoved, definePlugin, Jid, none } from "#plugin";
import { rooms } from "./api.ts";

export const roomAccounts = definePlugin({
  name: "muc_accounts",
  doc: "Takes accounts that are removed off the record of rooms.",
  config: none,
  standard: true,
  setup(host) {
    host.on(accountRemoved, ({ local }) => {
      const account = Jid.of(local, host.domain);
      for (const { domain } of host.children()) host.sibling(domain)?.use(rooms)?.forget(account);
    });
  },
});
