/** Accounts for tests: every name exists, and every password is right. */
import { definePlugin } from "../plugin/plugin.ts";
import { none } from "../plugin/options.ts";
import { credentials } from "../host/credentials.ts";

export const anybody = definePlugin({
  name: "anybody",
  doc: "Accounts for tests: every name exists and every password is right.",
  config: none,
  provides: [credentials],
  setup(host) {
    host.provide(credentials, {
      password: () => true,
      exists: (local) => !local.startsWith("nobody"),
      list: () => [],
    });
  },
});
