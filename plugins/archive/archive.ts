/**
 * XEP-0313: every account's messages, sent and received, kept whole and given back in pages, so that each of its devices
 * has the same history. With it come the stable ids (XEP-0359), preferences (XEP-0441), tombstones (XEP-0424) and, where
 * it is switched on, a search for words (XEP-0431). Left out: groupchat messages, which rooms keep; archives of nodes.
 *
 * Messages for somebody who is away are kept by `offline` as well, for clients that know no archives; a device that has
 * asked for its archive is spared those that are in it. Where `offline` is off or has no room, the archive answers for them.
 */
import {
  type Archive,
  archive as archiveOf,
  arriving,
  CLAIMED,
  type ClientSession,
  definePlugin,
  defineSlot,
  departing,
  type Element,
  type HostScope,
  isPromise,
  options,
  type Query,
  RETRACT_NS,
  type Stanza,
  STANZA_ID_NS,
  stanzaIdBy,
  undelivered,
  z,
} from "#plugin";
import { copying, roster } from "../im/api.ts";
import { type Archiving, archiving } from "./api.ts";
import { ARCHIVE_FEATURES, archiveOptions, expire, metadataOf } from "./keeping.ts";
import { MAM_NS } from "./names.ts";
import { BEHAVIOURS, PreferenceBook } from "./preferences.ts";
import { answerPurges, notYours } from "./purge.ts";
import { type ArchiveQuery, FULLTEXT_NS, queryForm, readQuery } from "./query.ts";
import { Recorder } from "./recorder.ts";
import { Results } from "./results.ts";
import { Tombstones } from "./tombstones.ts";

/** The messages of accounts. */
export const messages = archiveOf("messages");

/** Until when a session has been shown what is new in its archive, in milliseconds since 1970. */
const shown = defineSlot<number>("archive.shown");
/** The last question for what is new; settled once it is answered, in whichever way. */
const asked = defineSlot<Promise<void>>("archive.asked");

const config = options({
  default: z.enum(BEHAVIOURS).default("always").describe(
    "Whether messages are kept for those who have not said what they want: always, never, or with contacts only (roster).",
  ),
  ...archiveOptions,
  purge: z.boolean().default(true).describe("Whether people may remove messages from their archive."),
});
type Config = z.infer<typeof config>;

export const archive = definePlugin({
  name: "archive",
  doc: "Keeps the messages of accounts, so that all their devices have the same history.",
  xeps: [[313, "1.1.3"], [59, "1.0"], [359, "0.7.0"], [424, "0.4.2"], [431, "0.2.0"], [441, "0.2.0"], [
    334,
    "1.0.0",
  ]],
  config,
  standard: true,
  provides: [archiving],
  wants: [roster],
  // What nobody else takes is taken here: it is in the archive, and not lost. Who keeps copies of it for devices that know
  // no archives is asked first. What a room gave to several devices is known as one message by then.
  after: ["message", "offline", "carbons"],
  setup(host) {
    const { search } = host.config;
    host.accountFeature(...ARCHIVE_FEATURES, STANZA_ID_NS);
    host.accountFeature(RETRACT_NS, `${RETRACT_NS}#tombstone`);
    host.feature(RETRACT_NS, STANZA_ID_NS);
    if (search) host.accountFeature(FULLTEXT_NS);
    const store = host.open(messages);
    const tombstones = new Tombstones(host, store);
    const recorder = new Recorder(
      host,
      store,
      new PreferenceBook(host, host.config.default),
      search,
      (local, peer, stanza, at) => tombstones.kept(local, peer, stanza, at),
    );
    host.provide(archiving, serviceOf(store));
    record(host, recorder);
    new Desk(host, store).open();
    answerPurges(host, store, host.config.purge);
    expire(host, store, host.config.keep);
  },
});

function record(host: HostScope<Config>, recorder: Recorder): void {
  const leaving = host.at(departing);
  leaving.amend({ kind: "message" }, ({ stanza }) => recorder.honest(stanza));
  leaving.witness({ kind: "message" }, ({ stanza }) => recorder.departed(stanza));
  host.at(copying).amend(
    { kind: "message" },
    ({ stanza, direction }) => direction === "sent" ? recorder.copied(stanza) : undefined,
  );
  const coming = host.at(arriving);
  for (const to of ["account", "resource"] as const) {
    coming.amend({ kind: "message", to }, ({ stanza }) => recorder.arrives(stanza));
    coming.witness({ kind: "message", to }, (x) => recorder.arrived(x));
  }
  // What has a name of ours is in the archive, or will be once it is clear that it was not refused.
  host.at(undelivered).claim(
    { kind: "message" },
    ({ stanza }) => stanzaIdBy(stanza.source, stanza.to!.bare) === undefined ? undefined : CLAIMED,
  );
}

function serviceOf(store: Archive): Archiving {
  return {
    has(stanza: Stanza) {
      const account = stanza.to!.bare;
      const id = stanzaIdBy(stanza.source, account);
      const item = id === undefined ? undefined : store.get(account.local, id);
      return item !== undefined && !isPromise(item);
    },
    hasAsked: (session: ClientSession, after: number) => (session.get(shown) ?? 0) > after,
    answering: (session: ClientSession) => session.get(asked),
  };
}

/** Answers what accounts ask about their own archives. */
class Desk {
  readonly #results: Results;

  constructor(private readonly host: HostScope<Config>, private readonly store: Archive) {
    this.#results = new Results(host, store, host.config);
  }

  open(): void {
    const { iq, config: { search } } = this.host;
    iq.get(MAM_NS, "query", "own", () => queryForm(search));
    iq.set(MAM_NS, "query", "own", (query) => this.#query(query));
    iq.get(MAM_NS, "metadata", "own", ({ to }) => metadataOf(this.host, this.store, to.local));
    for (const name of ["query", "prefs", "metadata"]) {
      iq.get(MAM_NS, name, "account", notYours);
      iq.set(MAM_NS, name, "account", notYours);
    }
  }

  #query(asking: Query): Promise<Element> {
    const query = readQuery(asking.payload, this.host.config.search);
    const answer = this.#answer(asking, query);
    if (asksForNews(query)) asking.session?.set(asked, answer.then(settled, settled));
    return answer;
  }

  async #answer({ to, from, session }: Query, query: ArchiveQuery): Promise<Element> {
    const now = this.host.clock.now();
    // A device builds on what it is shown: a crash must not take it back.
    await this.host.flush(this.host.writes);
    const fin = await this.#results.answer(to.local, query, { archive: to, from, session });
    const until = shownBy(query, fin.attr("complete") === "true", now);
    if (until !== undefined) session?.set(shown, Math.max(until, session.get(shown) ?? 0));
    return fin;
  }
}

function settled(): void {}

/** Whether a device that asks this wants to learn what is new: not of one conversation, how much there is, or what was before. */
function asksForNews({ filter, max, before }: ArchiveQuery): boolean {
  return filter.with === undefined && filter.ids === undefined && filter.text === undefined && max !== 0 &&
    filter.beforeId === undefined && (before === undefined || before === "");
}

/**
 * Until when a device has been shown what is new, by a page that reached the end: the last one of those who read forwards, the
 * first one of those who read backwards.
 */
function shownBy(query: ArchiveQuery, complete: boolean, now: number): number | undefined {
  const { filter: { from = 0, to = now }, before, after } = query;
  const startsAtEnd = before === "" && after === undefined;
  if (!asksForNews(query) || from > now || !(startsAtEnd || complete)) return undefined;
  return Math.min(now, to);
}
