/**
 * XEP-0163: every account is a pubsub service of its own, with all of XEP-0060. Contacts are told of what their clients want to
 * know without subscribing; anybody may subscribe to what is open.
 *
 * Decisions where the standards leave them open: notifications carry no "replyto" (§4.3.1): it would tell which device it was;
 * presence that is sent to somebody of this host directly does not subscribe (XEP-0060 §9.1.3); strangers find nodes that are
 * open to them, and learn nothing of an account that has none.
 */
import {
  accountRemoved,
  type Arriving,
  arriving,
  CLAIMED,
  definePlugin,
  DISCO_INFO_NS,
  DISCO_ITEMS_NS,
  FORMS_NS,
  type HostScope,
  Jid,
  resultOf,
} from "#plugin";
import {
  availability,
  becameUnavailable,
  presenceChanged,
  roster,
  type RosterChange,
  rosterChanged,
} from "../im/api.ts";
import { privacy } from "../privacy/api.ts";
import { personalServices } from "./api.ts";
import { answerOf, takeAnswer } from "./approval.ts";
import { bounced, isForNow } from "./bounces.ts";
import { cameOnline, leftElsewhere, watchPresence, wentOffline } from "./comings.ts";
import { Engine } from "./engine.ts";
import { feature } from "./names.ts";
import { cancelLost } from "./nodes.ts";
import { PersonalAudience } from "./personal_audience.ts";
import { type PepOptions, pepOptions } from "./pep_options.ts";
import { PersonalPolicy, PersonalRules } from "./personal_policy.ts";
import { answerAll } from "./requests.ts";
import type { Service } from "./service.ts";
import { mayFind, nodeInfo, nodeItems, nodeList } from "./service_disco.ts";
import { featuresOf } from "./service_features.ts";
import { keepUp } from "./upkeep.ts";

/** XEP-0292 §7: cards in this format are kept like anything else. */
const VCARD4_NS = "urn:ietf:params:xml:ns:vcard-4.0";

export const pep = definePlugin({
  name: "pep",
  doc: "Gives each account a service of its own, for what clients keep and what contacts are told of.",
  xeps: [
    [163, "1.2.2"],
    [60, "1.30.0"],
    [222, "1.0"],
    [223, "1.1.1"],
    [84, "1.1.4"],
    [292, "0.12.0"],
    [277, "0.6.5"],
    [472, "0.2.1"],
    [490, "1.0.1"],
    [492, "0.2.0"],
    [501, "0.2.0"],
    [107, "1.2.2"],
    [108, "1.3"],
    [118, "1.3.0"],
    [80, "1.9"],
    [172, "1.1"],
  ],
  config: pepOptions,
  standard: true,
  provides: [personalServices],
  needs: [roster, availability],
  wants: [privacy],
  setup(host) {
    const personal = new Personal(host);
    host.provide(personalServices, {
      of: (local) => personal.of(local).face,
      isUsed: (local) => personal.isUsed(local),
    });
    host.identity("pubsub", "pep", host.name);
    host.feature(feature("publish"));
    host.accountFeature(...featuresOf("personal"), VCARD4_NS);
    host.disco("account", {
      identities: ({ node }) => node === undefined ? [{ category: "pubsub", type: "pep" }] : undefined,
      items: ({ about, from, node }) => node === undefined ? personal.items(about, from) : undefined,
    });
    answerAll(host, ["own", "account"], ({ to }) => personal.of(to.local));
    personal.listen();
    watchPresence(host, personal.engine);
    keepUp(personal.engine, host.config.idle);
  },
});

class Personal {
  readonly engine: Engine;
  readonly #audience: PersonalAudience;
  readonly #rosters;
  readonly #present;

  constructor(private readonly host: HostScope<PepOptions>) {
    const rosters = this.#rosters = host.use(roster);
    const present = this.#present = host.use(availability);
    this.#audience = new PersonalAudience(host, {
      rosters,
      present,
      privacy: host.find(privacy),
      service: (local) => this.of(local),
    });
    const rules = new PersonalRules(host, rosters, this.#audience);
    this.engine = new Engine(host, {
      has: (owner) => owner !== "",
      address: (owner) => Jid.of(owner, host.domain),
      policy: (owner) => new PersonalPolicy(owner, rules),
    });
  }

  of(local: string): Service {
    return this.engine.service(local);
  }

  isUsed(local: string): boolean {
    return this.engine.tables.nodes.count(local, { limit: 1 }) > 0;
  }

  /** What an account's disco#items lists beside its devices (XEP-0163 §6.2). */
  items(about: Jid, from: Jid) {
    const service = this.of(about.local);
    const jid = about.toString();
    return [...service.all()].filter((node) => mayFind(service, node, from))
      .map(({ name, config }) => ({ jid, node: name, name: config.title || undefined }));
  }

  listen(): void {
    const { host } = this;
    const at = host.at(arriving);
    at.claim({ kind: "iq", to: "account" }, (x) => this.#discover(x));
    at.claim({ kind: "message", to: "account" }, (x) => this.#take(x));
    // What comes for one device comes from rooms and the like, which are told nothing.
    at.witness({ kind: "presence", to: "account" }, (x) => this.#heard(x));
    host.on(presenceChanged, ({ session, stanza, priorityBefore }): undefined => {
      if (priorityBefore === undefined) host.announce(cameOnline, { jid: session.jid! });
      this.#audience.present(session, stanza, priorityBefore === undefined);
    });
    host.on(becameUnavailable, ({ session }): undefined => {
      this.#audience.absent(session);
      const last = !this.#present.isAvailable(session.username);
      host.announce(wentOffline, { jid: session.jid!, last, forever: false });
    });
    host.on(rosterChanged, (change): undefined => this.#rosterChanged(change));
    host.on(accountRemoved, ({ local }): undefined => {
      this.engine.forget(local);
      this.#audience.forget(local);
      host.announce(wentOffline, { jid: Jid.of(local, host.domain), last: true, forever: true });
    });
  }

  /** Nodes that somebody may find, contact or not; the rest is what disco says of the account. */
  #discover({ stanza }: Readonly<Arriving>): typeof CLAIMED | undefined {
    const { payload, type, from, to } = stanza;
    if (type !== "get" || payload?.name !== "query" || from === undefined) return undefined;
    const { ns } = payload;
    if (ns !== DISCO_INFO_NS && ns !== DISCO_ITEMS_NS) return undefined;
    const { local } = to!;
    const name = payload.attr("node") ?? "";
    if (name === "") {
      // The account itself and its contacts are told of its devices, too.
      if (ns === DISCO_INFO_NS || from.bare.equals(to!) || this.#rosters.sees(local, from)) return undefined;
      if (!this.host.accounts.exists(local) || this.items(to!, from).length === 0) return undefined;
      this.host.send(resultOf(stanza, nodeList(this.of(local), from, payload)));
      return CLAIMED;
    }
    if (!this.host.accounts.exists(local)) return undefined;
    const service = this.of(local);
    const node = service.find(name);
    if (node === undefined || !mayFind(service, node, from)) return undefined;
    const info = ns === DISCO_INFO_NS ? nodeInfo(service, node) : nodeItems(service, node, from, payload);
    this.host.send(resultOf(stanza, info));
    return CLAIMED;
  }

  /** What owners decide, and what receivers cannot take. */
  #take({ stanza }: Readonly<Arriving>): typeof CLAIMED | undefined {
    const { local } = stanza.to!;
    if (stanza.isError) {
      if (this.host.accounts.exists(local)) {
        bounced(this.of(local), stanza);
        if (isForNow(stanza) && stanza.from !== undefined) this.#audience.missed(local, stanza.from);
      }
      return undefined;
    }
    if (stanza.child("x", FORMS_NS) === undefined) return undefined;
    const form = answerOf(stanza);
    if (form === undefined || !this.host.accounts.exists(local)) return undefined;
    takeAnswer(this.of(local), form, stanza.from);
    return CLAIMED;
  }

  #heard({ stanza }: Readonly<Arriving>): undefined {
    const { from, to, type } = stanza;
    if (from === undefined || from.resource === "" || from.domain === this.host.domain) return;
    if (type !== "available" && type !== "unavailable") return;
    if (!this.host.accounts.exists(to!.local)) return;
    if (type === "unavailable") leftElsewhere(this.engine, from);
    // Being asked would tell strangers that there is somebody, who shows them nothing.
    else if (!this.#rosters.isContact(to!.local, from) && this.items(to!, from).length === 0) return;
    this.#audience.heard(to!.local, stanza);
  }

  /** XEP-0163 §7.1: who loses access is told, who gains it is shown what there is. */
  #rosterChanged({ local, contact, before, after }: RosterChange): undefined {
    const service = this.of(local);
    const sees = (item: typeof after) => item?.subscription === "from" || item?.subscription === "both";
    const had = this.engine.tables.subscriptions.range(local, {
      index: "of",
      where: { account: contact.bare.toString() },
    });
    for (const { node: name } of had) {
      const node = service.find(name);
      if (node === undefined) continue;
      const model = node.config.access_model;
      if (model !== "presence" && model !== "roster") continue;
      service.change((change) => cancelLost(service, change, node, undefined, contact));
    }
    // The presence of a contact of this host reaches the account from now on, with no stanza that would say so (XEP-0060 §9.1.2).
    const reaches = (item: typeof after) => item?.subscription === "to" || item?.subscription === "both";
    const begins = contact.domain === this.host.domain && reaches(after) && !reaches(before);
    const moved = before?.groups.join("\n") !== after?.groups.join("\n");
    if (begins || (sees(after) && (!sees(before) || moved))) {
      this.#audience.introduced(local, contact, reaches(after), begins);
    }
  }
}
