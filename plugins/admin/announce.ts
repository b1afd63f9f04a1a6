/**
 * XEP-0133 §4.23: announcements. To everybody online as a headline, which nobody keeps; or to all accounts, where those
 * of whom no device takes it now get a message that waits for them (XEP-0160), except accounts that are disabled.
 */
import { definePlugin, formShape, type HostScope, Jid, none, Stanza } from "#plugin";
import { type Acceptance, acceptance } from "../im/api.ts";
import { onlineAccounts } from "./account_lists.ts";
import { type Command, commands, defineStage } from "./api.ts";
import { broadcast, isReached, notice } from "./broadcast.ts";
import { ADMIN_NS, adminNode } from "./service_administration.ts";

export const announce = definePlugin({
  name: "announce",
  doc: "Lets administrators write to everybody at once.",
  xeps: [[133, "1.3.1"]],
  config: none,
  standard: true,
  needs: [commands],
  wants: [acceptance],
  setup(host) {
    const book = host.use(commands);
    book.register(host, toOnline(host));
    book.register(host, toAll(host, host.find(acceptance)));
  },
});

function stageFor(whom: string) {
  return defineStage({
    form: formShape(ADMIN_NS, {
      subject: { kind: "text", label: "Subject", longest: 1024 },
      announcement: { kind: "lines", label: "Announcement", required: true },
    }),
    words: {
      title: "Making an Announcement",
      instructions: [`Fill out this form to make an announcement to all ${whom} of this service.`],
    },
  });
}

function toOnline(host: HostScope<unknown>): Command {
  const stage = stageFor("active users");
  return {
    node: adminNode("announce"),
    name: "Send Announcement to Online Users",
    role: "admin",
    stages: [stage],
    async run(call) {
      const { subject, announcement } = call.of(stage);
      const headline = Stanza.of(notice("headline", subject, announcement), host.jid);
      return { info: counted(await broadcast(host, onlineAccounts(host), () => headline)) };
    },
  };
}

function toAll(host: HostScope<unknown>, by: Acceptance | undefined): Command {
  const stage = stageFor("users, online or not,");
  return {
    // What other servers call it; the XEP has no such command.
    node: adminNode("announce-all"),
    name: "Send Announcement to All Users",
    role: "admin",
    stages: [stage],
    async run(call) {
      const { subject, announcement } = call.of(stage);
      const headline = Stanza.of(notice("headline", subject, announcement), host.jid);
      const message = Stanza.of(notice("normal", subject, announcement), host.jid);
      const sent = await broadcast(host, host.accounts.list(), (local) => {
        if (host.accounts.isDisabled(local)) return undefined;
        const sessions = host.sessions(Jid.of(local, host.domain));
        return sessions.some((session) => isReached(session, by)) ? headline : message;
      });
      return { info: counted(sent) };
    },
  };
}

function counted(accounts: number): string {
  return `The announcement was sent to ${accounts === 1 ? "1 account" : `${accounts} accounts`}.`;
}
