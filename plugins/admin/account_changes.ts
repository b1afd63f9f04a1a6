/**
 * XEP-0133 §4.1 to §4.4 and §4.7: accounts made, removed, switched off and on, and their passwords set. Nobody changes an
 * account whose role is above their own: who sets an operator's password is an operator from then on.
 */
import { formShape, type HostScope, Jid, ROLES, StanzaError } from "#plugin";
import { type Call, type Command, defineStage } from "./api.ts";
import { ADMIN_NS, adminNode, notAccounts } from "./service_administration.ts";

type Host = HostScope<unknown>;

export function accountChanges(host: Host): Command[] {
  return [addUser(host), deleteUser(host), disableUser(host), reenableUser(host), changePassword(host)];
}

function addUser(host: Host): Command {
  const stage = defineStage({
    form: formShape(ADMIN_NS, {
      "accountjid": { kind: "jid", label: "The Jabber ID for the account to be added", required: true },
      "password": { kind: "secret", label: "The password for this account", required: true },
      "password-verify": { kind: "secret", label: "Retype password", required: true },
    }),
    words: { title: "Adding a User", instructions: ["Fill out this form to add a user."] },
    check(values) {
      if (values.password !== values["password-verify"]) return "the two passwords are not the same";
      return notAccounts(host, [values.accountjid]);
    },
  });
  return {
    node: adminNode("add-user"),
    name: "Add User",
    role: "admin",
    stages: [stage],
    async run(call) {
      const { accountjid, password } = call.of(stage);
      // The configuration may know an operator of whom there is no account yet.
      refuseAbove(host, call, accountjid);
      await host.accounts.create(accountjid.local, password);
      return { info: `${accountjid} has been added.` };
    },
  };
}

/** A command that does one thing to each of the accounts named in its form. */
interface ForEach {
  readonly node: string;
  readonly name: string;
  /** Of the form, and what it says it does to the accounts. */
  readonly title: string;
  readonly verb: string;
  readonly done: string;
  /** Whether it may be done to anybody, or not to oneself and one's betters. */
  readonly accounts: typeof checked;
  change(local: string): void;
}

function forEach(host: Host, { node, name, title, verb, done, accounts, change }: ForEach): Command {
  const stage = accountsStage(host, title, verb);
  return {
    node: adminNode(node),
    name,
    role: "admin",
    stages: [stage],
    run(call) {
      const named = accounts(host, call, call.of(stage).accountjids);
      for (const { local } of named) change(local);
      return { info: told(named, done) };
    },
  };
}

function deleteUser(host: Host): Command {
  return forEach(host, {
    node: "delete-user",
    name: "Delete User",
    title: "Deleting a User",
    verb: "delete",
    done: "deleted",
    accounts: ofOthers,
    change: (local) => host.accounts.remove(local),
  });
}

function disableUser(host: Host): Command {
  return forEach(host, {
    node: "disable-user",
    name: "Disable User",
    title: "Disabling a User",
    verb: "disable",
    done: "disabled",
    accounts: ofOthers,
    change: (local) => host.accounts.setDisabled(local, true),
  });
}

function reenableUser(host: Host): Command {
  return forEach(host, {
    node: "reenable-user",
    name: "Re-Enable User",
    title: "Re-Enable a User",
    verb: "re-enable",
    done: "re-enabled",
    accounts: checked,
    change: (local) => host.accounts.setDisabled(local, false),
  });
}

function changePassword(host: Host): Command {
  const stage = defineStage({
    form: formShape(ADMIN_NS, {
      accountjid: { kind: "jid", label: "The Jabber ID for this account", required: true },
      password: { kind: "secret", label: "The password for this account", required: true },
    }),
    words: {
      title: "Changing a User Password",
      instructions: ["Fill out this form to change a user's password."],
    },
    check: ({ accountjid }) => notAccounts(host, [accountjid]),
  });
  return {
    node: adminNode("change-user-password"),
    name: "Change User Password",
    role: "admin",
    stages: [stage],
    async run(call) {
      const { accountjid, password } = call.of(stage);
      checked(host, call, [accountjid]);
      await host.accounts.setPassword(accountjid.local, password);
      return { info: `${accountjid} has a new password.` };
    },
  };
}

function accountsStage(host: Host, title: string, verb: string) {
  return defineStage({
    form: formShape(ADMIN_NS, {
      accountjids: { kind: "jids", label: `The Jabber ID(s) to ${verb}`, required: true },
    }),
    words: { title, instructions: [`Fill out this form to ${verb} a user.`] },
    check: ({ accountjids }) => notAccounts(host, accountjids),
  });
}

/** All of them exist and may be changed by this person; nothing is done to any of them otherwise. */
function checked(host: Host, call: Call, accounts: readonly Jid[]): readonly Jid[] {
  for (const jid of accounts) {
    if (!host.accounts.exists(jid.local)) {
      throw new StanzaError("item-not-found", `there is no account ${jid}`);
    }
    refuseAbove(host, call, jid);
  }
  return accounts;
}

/** As `checked`; and none of them is the account of the person itself, who would lock itself out. */
function ofOthers(host: Host, call: Call, accounts: readonly Jid[]): readonly Jid[] {
  if (accounts.some((jid) => jid.equals(call.from.bare))) {
    throw new StanzaError("not-allowed", "this is your own account; another administrator may do that");
  }
  return checked(host, call, accounts);
}

/** Throws where somebody's role is above that of the person who executes a command. */
export function refuseAbove(host: Host, call: Call, jid: Jid): void {
  if (ROLES.indexOf(host.accounts.role(jid)) > ROLES.indexOf(call.role)) {
    throw new StanzaError("forbidden", `${jid} is above you`, { type: "cancel" });
  }
}

function told(accounts: readonly Jid[], done: string): string {
  return accounts.length === 1
    ? `${accounts[0]} has been ${done}.`
    : `${accounts.length} accounts have been ${done}.`;
}
