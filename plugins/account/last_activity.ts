/**
 * XEP-0012: how long an account has been away, and what it said when it left. Only for those who may see its presence
 * (§7); that goes for the devices too, which answer for themselves (§4).
 */
import {
  accountRemoved,
  arriving,
  type ClientSession,
  definePlugin,
  el,
  Jid,
  keyval,
  none,
  NotYours,
  type Query,
  sessionUnbound,
  StanzaError,
  stopping,
} from "#plugin";
import { becameUnavailable, roster } from "../im/api.ts";
import { privacy } from "../privacy/api.ts";

const NS = "jabber:iq:last";
const WRITE_EVERY = 10_000;
/** A status is a line or two; nobody needs more of it afterwards. */
const LONGEST_STATUS = 1024;

interface Departure {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly status?: string;
}

export const departures = keyval<Departure>("last_activity");

export const lastActivity = definePlugin({
  name: "last_activity",
  doc: "Tells contacts how long somebody has been away.",
  xeps: [[12, "2.0"]],
  config: none,
  standard: true,
  needs: [roster],
  wants: [privacy],
  setup(host) {
    const store = host.open(departures);
    // Written down together once in a while: a login storm would be a storm of writes, and nobody was promised anything.
    const fresh = new Map<string, Departure>();
    const lastOf = (local: string): Departure | undefined => fresh.get(local) ?? store.get(local);
    const writeDown = (): undefined => {
      for (const [local, departure] of fresh) {
        // An account that is gone, or went with its session (XEP-0175), leaves nothing behind.
        if (host.accounts.exists(local) && host.accounts.role(accountOf(local)) !== "guest") {
          store.set(local, departure);
        }
      }
      fresh.clear();
    };
    const accountOf = (local: string): Jid => Jid.of(local, host.domain, "");
    host.every(WRITE_EVERY, writeDown);
    host.onStop(writeDown);
    host.on(stopping, writeDown);
    host.on(accountRemoved, ({ local }) => void fresh.delete(local));
    const rosters = host.use(roster);
    const rules = host.find(privacy);
    const mayAsk = (local: string, from: Jid, session?: ClientSession): boolean =>
      rosters.sees(local, from) && rules?.hides(local, from, session) !== true;

    host.accountFeature(NS);
    host.iq.get(NS, "query", "account", ({ from, to }: Query) => {
      if (!mayAsk(to.local, from)) throw notYours();
      const isHere = host.sessions(to).some((session) => rules?.hides(to.local, from, session) !== true);
      if (isHere) return el("query", NS, { seconds: "0" });
      const departure = lastOf(to.local);
      // Somebody who never came has been away since the account was made.
      const at = departure?.at ?? host.accounts.record(to.local)?.created;
      if (at === undefined) throw new StanzaError("item-not-found", "this account has not been used yet");
      const seconds = Math.max(0, Math.floor((host.clock.now() - at) / 1000));
      return el("query", NS, { seconds: String(seconds) }, departure?.status ?? []);
    });

    host.at(arriving).guard({ kind: "iq", to: "resource" }, ({ stanza }) => {
      if (stanza.type !== "get" || stanza.payload?.ns !== NS) return undefined;
      const to = stanza.to!;
      // A device that is not there is answered for as always.
      const session = host.session(to);
      if (session === undefined || mayAsk(to.local, stanza.from!, session)) return undefined;
      // As if it were not there: whether it is, is what was asked.
      return new StanzaError("service-unavailable");
    });

    // §8: nor may anybody find out later when somebody was there unseen.
    const remember = (session: ClientSession, departure: Departure): undefined => {
      if (rules?.conceals(session) !== true) fresh.set(session.username, departure);
    };
    host.on(becameUnavailable, ({ session, stanza }) => {
      const status = stanza.source.childText("status")?.slice(0, LONGEST_STATUS).toWellFormed();
      const at = host.clock.now();
      return remember(session, status ? { at, status } : { at });
    });
    host.on(sessionUnbound, ({ session }) => {
      const { account } = session;
      if (host.sessions(account).length > 0) return;
      return remember(session, { ...lastOf(account.local), at: host.clock.now() });
    });
  },
});

function notYours(): NotYours {
  return new NotYours("this is for those who may see the account's presence");
}
