/**
 * XEP-0357: Push Notifications 0.4.1, with the additions of Tigase that clients on iOS use (encrypted payload, priority,
 * calls, filters). Every device is woken that has enabled it and cannot get a message itself: because nobody is there, because
 * its own stream broke, or because only other devices of the account are there, as Prosody and ejabberd do it where messages
 * are archived. A device counts as there while a session of the resource, or of the client, that enabled it last is.
 *
 * Services learn how many messages there are and, unless the account chose otherwise, who wrote the last one; never what.
 */
import {
  accountRemoved,
  type Arriving,
  arriving,
  type ClientSession,
  definePlugin,
  duration,
  type HostScope,
  type Jid,
  options,
  type Query,
  type Stanza,
  StanzaError,
  undelivered,
  z,
} from "#plugin";
import { type Command, commands } from "../admin/api.ts";
import { acceptance, carbons, joinedRooms, presenceChanged, roster } from "../im/api.ts";
import { privacy } from "../privacy/api.ts";
import { keptForParked, sessionResumed } from "../stream/api.ts";
import { type Pushing, pushing } from "./api.ts";
import { causeOf, isWanted, newsOf } from "./cause.ts";
import {
  ENCRYPT_NS,
  GROUPCHAT_NS,
  JINGLE_NS,
  MUTED_NS,
  PRIORITY_NS,
  PUSH_NS,
  readEnable,
  readTarget,
  UNKNOWN_NS,
} from "./enable_request.ts";
import { Lines } from "./lines.ts";
import { isOf, type Registration, Registrations } from "./registrations.ts";

const PUBSUB_NS = "http://jabber.org/protocol/pubsub";

const config = options({
  interval: duration().prefault("3 s").describe(
    "Messages that follow one another within this time are told to a device together. A call is told at once.",
  ),
  timeout: duration().prefault("60 s").describe("How long a push service may take to answer."),
  sender: z.boolean().default(true).describe(
    "Tells push services who wrote the last message, besides how many there are. Everybody may choose otherwise.",
  ),
  body: z.enum(["never", "placeholder", "always"]).default("never").describe(
    'Tells push services the last message; "placeholder" tells them only that there is one.',
  ),
  devices: z.number().int().min(1).max(1000).default(20).describe(
    "Devices of one account that are woken; with more the oldest goes.",
  ),
});
type Config = z.infer<typeof config>;

export const push = definePlugin({
  name: "push",
  doc:
    "Wakes devices that are away when there is something for them, also while other devices of the account are there.",
  xeps: [[357, "0.4.1"]],
  config,
  standard: true,
  provides: [pushing],
  wants: [acceptance, carbons, roster, joinedRooms, privacy, commands],
  setup(host) {
    const pushes = new Pushes(host);
    host.accountFeature(
      PUSH_NS,
      ENCRYPT_NS,
      "tigase:push:encrypt:aes-128-gcm",
      PRIORITY_NS,
      JINGLE_NS,
      GROUPCHAT_NS,
      MUTED_NS,
      UNKNOWN_NS,
    );
    host.iq.set(PUSH_NS, "enable", "own", (query) => pushes.enable(query));
    host.iq.set(PUSH_NS, "disable", "own", (query) => pushes.disable(query));
    host.at(arriving).witness({ kind: "message", to: "account" }, (x) => pushes.revoked(x));
    for (const to of ["account", "resource"] as const) {
      host.at(arriving).witness(
        { kind: "message", to },
        (x) => x.claimed ? pushes.taken(x.stanza) : undefined,
      );
    }
    host.at(arriving).witness({ kind: "presence", to: "account" }, (x) => pushes.asked(x));
    host.at(undelivered).witness({ kind: "message" }, (x) => x.claimed ? pushes.missed(x.stanza) : undefined);
    host.on(keptForParked, ({ session, stanza }) => pushes.parked(session, stanza));
    host.on(sessionResumed, ({ session }) => pushes.resumed(session));
    host.on(presenceChanged, ({ session, priorityBefore }) => {
      if (priorityBefore === undefined) pushes.back(session);
    });
    host.on(accountRemoved, ({ local }) => pushes.removed(local));
    host.find(commands)?.register(host, pushes.command());
    host.provide(pushing, pushes);
  },
});

class Pushes implements Pushing {
  readonly #registrations: Registrations;
  readonly #lines: Lines;
  /** The last message that `missed` was told of: a device that was there has passed it on. */
  #missed: Stanza | undefined;

  constructor(private readonly host: HostScope<Config>) {
    this.#registrations = new Registrations(host, host.config.devices);
    this.#lines = new Lines(host, this.#registrations, host.config, (local) => ({
      open: {
        sender: host.config.sender && !this.#registrations.hidesSender(local),
        body: host.config.body,
      },
      requests: host.find(roster)?.requests(local).length ?? 0,
    }));
  }

  // --- requests of clients ----------------------------------------------------------------------------------------

  enable({ payload, from, to, session }: Query): undefined {
    const agent = session?.agent || undefined;
    const registration = readEnable(payload, { resource: from.resource, agent }, this.host.clock.now());
    if (registration.jid === to.toString()) {
      throw new StanzaError("bad-request", "that is the account itself");
    }
    this.#lines.reset(to.local, this.#registrations.add(to.local, registration));
  }

  /** Also where there is nothing to disable: what the client wants is so. */
  disable({ payload, to }: Query): undefined {
    const { jid, node } = readTarget(payload);
    this.#lines.reset(to.local, this.#registrations.remove(to.local, jid, node));
  }

  command(): Command {
    return {
      node: "change_push_last_sender",
      name: "Show or hide the last sender in push notifications",
      role: "limited",
      run: ({ from }) => {
        const hides = !this.#registrations.hidesSender(from.local);
        this.#registrations.setHidesSender(from.local, hides);
        return {
          info: hides
            ? "Push services are no longer told who wrote the last message."
            : "Push services are told who wrote the last message.",
        };
      },
    };
  }

  /** XEP-0357 §8: a service says that it takes no more for a node. */
  revoked({ stanza }: Readonly<Arriving>): undefined {
    const news = stanza.child("pubsub", PUBSUB_NS);
    if (news === undefined || stanza.from === undefined || stanza.type === "error") return;
    const { local } = stanza.to!;
    const node = news.attr("node");
    const isOver = news.elements().some((it) =>
      it.name === "affiliation" &&
      (it.attr("affiliation") === "none" || it.attr("affiliation") === "outcast") &&
      it.attr("jid") === stanza.to!.toString()
    );
    if (!isOver || node === undefined) return;
    this.#lines.reset(local, this.#registrations.remove(local, stanza.from.toString(), node));
  }

  // --- what is worth a push ---------------------------------------------------------------------------------------

  /** A message that nobody took, and that is kept for later. */
  missed(stanza: Stanza): undefined {
    this.#missed = stanza;
    this.#push(stanza, stanza.to!.bare, this.#registrations.of(stanza.to!.local), undefined);
  }

  /** A message that some device took: for those that are not there, and would have got it or a copy. */
  taken(stanza: Stanza): undefined {
    const to = stanza.to!;
    const registrations = this.#registrations.of(to.local);
    if (registrations.length === 0 || stanza === this.#missed || !this.#isTaken(stanza)) return;
    if (this.#isKeptOut(stanza, to)) return;
    const sessions = this.host.sessions(to);
    const absent = registrations.filter((it) =>
      // What a session that waits to be resumed gets is told by `parked`.
      !sessions.some((session) =>
        isOf(it, session) || (session.parked && this.#devicesOf(session).includes(it))
      )
    );
    this.#push(stanza, to.bare, absent, undefined);
  }

  /** Of what nobody took `missed` is told. */
  #isTaken(stanza: Stanza): boolean {
    const { host } = this;
    const to = stanza.to!;
    if (host.session(to) !== undefined) return host.find(carbons)?.copies(stanza) ?? stanza.type === "chat";
    const by = host.find(acceptance);
    return host.sessions(to).some(({ presence, priority }) =>
      presence !== undefined && (by?.accepts(priority) ?? priority >= 0)
    );
  }

  /** By the rules of those that are not there; one that is may have chosen others for itself (XEP-0016 §2.2). */
  #isKeptOut({ from }: Stanza, { local }: Jid): boolean {
    return from !== undefined && this.host.find(privacy)?.refuses(local, from, "message") === true;
  }

  /** A request for a subscription, of an account that is not there. */
  asked({ stanza, claimed }: Readonly<Arriving>): undefined {
    if (stanza.type !== "subscribe" || !claimed) return;
    const to = stanza.to!;
    if (this.host.sessions(to).some((session) => session.presence !== undefined && !session.parked)) return;
    const waits = this.host.find(roster)?.requests(to.local).some((jid) => stanza.from!.bare.equals(jid));
    if (waits === true) this.#push(stanza, to, this.#registrations.of(to.local), undefined);
  }

  /** Something for a session whose stream broke. */
  parked(session: ClientSession, stanza: Stanza): undefined {
    const { account } = session;
    this.#push(newsOf(stanza, account), account, this.#devicesOf(session), session);
  }

  reaches(local: string): boolean {
    return this.#registrations.of(local).length > 0;
  }

  /** Something that was said where the account is not: it has passed no rules of the account yet (XEP-0191 §3.3). */
  tell(account: Jid, stanza: Stanza): void {
    if (this.#isKeptOut(stanza, account)) return;
    this.#push(stanza, account, this.#registrations.of(account.local), undefined);
  }

  resumed(session: ClientSession): undefined {
    this.#lines.reset(session.username, this.#devicesOf(session));
  }

  /** A device that enabled nothing stands for those that are not there: a person has looked at what was new. */
  back(session: ClientSession): undefined {
    this.#lines.reset(session.username, this.#devicesOf(session));
  }

  removed(local: string): undefined {
    this.#registrations.forget(local);
    this.#lines.forget(local);
  }

  #push(
    stanza: Stanza,
    account: Jid,
    registrations: readonly Registration[],
    session: ClientSession | undefined,
  ): void {
    if (registrations.length === 0) return;
    const cause = causeOf(stanza, account);
    if (cause === undefined) return;
    const rosters = this.host.find(roster);
    const isKnown = rosters === undefined || rosters.isContact(account.local, cause.sender);
    const nickname = session && this.host.find(joinedRooms)?.nickname(session, cause.sender);
    for (const registration of registrations) {
      if (!isWanted(registration, cause, { isKnown, nickname })) continue;
      this.#lines.push(account.local, registration, cause, stanza, session !== undefined);
    }
  }

  /**
   * What was enabled by a session of this name. Where there is none, the device enabled it once and for all by another
   * session: then whatever belongs to no session that is there now.
   */
  #devicesOf(session: ClientSession): readonly Registration[] {
    const all = this.#registrations.of(session.username);
    const own = all.filter((it) => isOf(it, session));
    if (own.length > 0) return own;
    const sessions = this.host.sessions(session.account);
    return all.filter((it) => !sessions.some((other) => isOf(it, other)));
  }
}
