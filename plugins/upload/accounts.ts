/**
 * Files of accounts that are removed go with them, also where files have a host of their own: whoever gets the name later
 * must neither find them nor pay for them.
 */
import { accountRemoved, definePlugin, Jid, none } from "#plugin";
import { uploads } from "./api.ts";

export const uploadAccounts = definePlugin({
  name: "upload_accounts",
  doc: "Deletes what accounts that are removed have uploaded.",
  config: none,
  standard: true,
  wants: [uploads],
  setup(host) {
    host.on(accountRemoved, ({ local }): undefined => {
      const account = Jid.of(local, host.domain, "");
      host.find(uploads)?.forget(account);
      for (const { domain } of host.children()) host.sibling(domain)?.use(uploads)?.forget(account);
    });
  },
});
