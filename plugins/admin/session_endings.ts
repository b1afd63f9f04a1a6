/** XEP-0133 §4.5: all sessions of an account ended, or one that is named by its full address. */
import { type ClientSession, formShape, type HostScope, StanzaError, StreamError } from "#plugin";
import { type Call, type Command, defineStage } from "./api.ts";
import { refuseAbove } from "./account_changes.ts";
import { ADMIN_NS, adminNode, strangers } from "./service_administration.ts";

type Host = HostScope<unknown>;

export function endUserSession(host: Host): Command {
  const stage = defineStage({
    form: formShape(ADMIN_NS, {
      accountjids: { kind: "jids", label: "The Jabber ID(s) for which to end sessions", required: true },
    }),
    words: {
      title: "Ending a User Session",
      instructions: ["Fill out this form to end a user's session."],
    },
    check: ({ accountjids }) => strangers(host, accountjids),
  });
  return {
    node: adminNode("end-user-session"),
    name: "End User Session",
    role: "admin",
    stages: [stage],
    run(call) {
      const ended = new Set<ClientSession>();
      for (const jid of call.of(stage).accountjids) {
        refuseAbove(host, call, jid);
        for (const session of sessionsOf(host, call, jid)) ended.add(session);
      }
      for (const session of ended) {
        session.end(new StreamError("policy-violation", "an administrator has ended this session"));
      }
      return {
        info: ended.size === 1 ? "1 session has been ended." : `${ended.size} sessions have been ended.`,
      };
    },
  };
}

/** Never the one in which the command is executed: its answer would be lost. */
function sessionsOf(host: Host, call: Call, jid: Call["from"]): ClientSession[] {
  if (jid.resource === "") return host.sessions(jid).filter((session) => session !== call.session);
  const session = host.session(jid);
  if (session === undefined) throw new StanzaError("item-not-found", `there is no session ${jid}`);
  if (session === call.session) throw new StanzaError("not-allowed", "this is the session you are using");
  return [session];
}
