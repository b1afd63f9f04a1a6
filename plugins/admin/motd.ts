/**
 * The message of the day (XEP-0133 §4.24 to §4.26): a headline to each session when it first becomes available, or to each
 * account once. Setting it sends it to those who are online; editing it corrects it for those who come later.
 */
import {
  definePlugin,
  defineSlot,
  formShape,
  type HostScope,
  Jid,
  jidText,
  options,
  Stanza,
  text,
  z,
} from "#plugin";
import { type Acceptance, acceptance, presenceChanged } from "../im/api.ts";
import { onlineAccounts } from "./account_lists.ts";
import { type Command, commands, defineStage } from "./api.ts";
import { broadcast, isReached, notice } from "./broadcast.ts";
import { MotdStore } from "./motd_store.ts";
import { ADMIN_NS, adminNode } from "./service_administration.ts";

const config = options({
  text: text().optional().describe("What everybody is told when they come online."),
  from: jidText().optional().describe(
    "Whose message it is, such as an administrator's; the host's otherwise.",
  ),
  once: z.boolean().default(false).describe("Tells it each account once, and not in every session."),
});
type Config = z.infer<typeof config>;

/** This session has been greeted. */
const greeted = defineSlot<true>("greeted");

export const motd = definePlugin({
  name: "motd",
  doc: "Greets everybody with a message of the day.",
  xeps: [[133, "1.3.1"]],
  config,
  standard: true,
  wants: [acceptance, commands],
  setup(host) {
    const { from } = host.config;
    const sender = from === undefined ? host.jid : Jid.parse(from);
    const store = new MotdStore(host, host.config.text);
    const book = host.find(commands);
    const setting = setMotd(host, store, sender, host.find(acceptance));
    for (const command of [setting, editMotd(store), deleteMotd(store)]) {
      book?.register(host, command);
    }
    host.on(presenceChanged, ({ session }) => {
      const message = store.current;
      if (message === undefined || session.get(greeted) === true) return;
      session.set(greeted, true);
      const { username, jid } = session;
      if (host.config.once && store.hasSeen(username, message)) return;
      if (host.config.once) store.saw(username, message);
      host.send(Stanza.of(notice("headline", undefined, message.text), sender, jid));
    });
  },
});

function stageFor(title: string, verb: string, store?: MotdStore) {
  return defineStage({
    form: formShape(ADMIN_NS, { motd: { kind: "lines", label: "Message of the Day", required: true } }),
    words: { title, instructions: [`Fill out this form to ${verb} the message of the day.`] },
    values() {
      const text = store?.current?.text;
      return text === undefined ? {} : { motd: text };
    },
  });
}

function setMotd(
  host: HostScope<Config>,
  store: MotdStore,
  sender: Jid,
  by: Acceptance | undefined,
): Command {
  const stage = stageFor("Setting the Message of the Day", "set");
  return {
    node: adminNode("set-motd"),
    name: "Set Message of the Day",
    role: "admin",
    stages: [stage],
    async run(call) {
      const { motd } = call.of(stage);
      store.set(motd);
      const message = store.current!;
      const headline = Stanza.of(notice("headline", undefined, motd), sender);
      // XEP-0133 §4.24: those who are online get it at once, and not again in these sessions; devices that take nothing
      // for their account get it with their next presence.
      const sent = await broadcast(host, onlineAccounts(host), (local) => {
        let there = false;
        for (const session of host.sessions(Jid.of(local, host.domain))) {
          if (!isReached(session, by)) continue;
          there = true;
          session.set(greeted, true);
        }
        if (there && host.config.once) store.saw(local, message);
        return there ? headline : undefined;
      });
      return { info: `It was sent to ${sent === 1 ? "1 account" : `${sent} accounts`}.` };
    },
  };
}

function editMotd(store: MotdStore): Command {
  const stage = stageFor("Editing the Message of the Day", "edit", store);
  return {
    node: adminNode("edit-motd"),
    name: "Edit Message of the Day",
    role: "admin",
    stages: [stage],
    run(call) {
      store.edit(call.of(stage).motd);
      return undefined;
    },
  };
}

function deleteMotd(store: MotdStore): Command {
  return {
    node: adminNode("delete-motd"),
    name: "Delete Message of the Day",
    role: "admin",
    run: () => store.remove() ? undefined : { warning: "There was no message of the day." },
  };
}
