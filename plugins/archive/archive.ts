/**
 * XEP-0313: every account's messages, sent and received, kept whole and given back in pages, so that each of its devices
 * has the same history. With it come the stable ids (XEP-0359), preferences (XEP-0441), tombstones (XEP-0424) and, where
 * it is switched on, a search for words (XEP-0431). Left out: groupchat messages, which rooms keep; archives of nodes.
 *
 * Messages for somebody who is away are kept by `offline` as well, for clients that know no archives; a device that has
 * asked for its archive is spared those that are in it.
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
  duration,
  el,
  type Element,
  formatDateTime,
  type HostScope,
  isPromise,
  nextTurn,
  options,
  type Query,
  type Stanza,
  STANZA_ID_NS,
  stanzaIdBy,
  z,
} from "#plugin";
import { copying, roster } from "../im/api.ts";
import { type Archiving, archiving } from "./api.ts";
import { BEHAVIOURS, MAM_NS, PreferenceBook } from "./preferences.ts";
import { answerPurges, notYours } from "./purge.ts";
import { FULLTEXT_NS, queryForm, readQuery } from "./query.ts";
import { Recorder } from "./recorder.ts";
import { Results } from "./results.ts";
import { RETRACT_NS, Tombstones } from "./tombstones.ts";

/** The messages of accounts. */
export const messages = archiveOf("messages");

/** When the session asked for its archive last, in milliseconds since 1970. */
const asked = defineSlot<number>("archive.asked");

/** How often messages that are too old are looked for, and how many are removed at a time. */
const EXPIRY = 600_000;
const SLICE = 200;

const config = options({
  default: z.enum(BEHAVIOURS).default("always").describe(
    "Whether messages are kept for those who have not said what they want: always, never, or with contacts only (roster).",
  ),
  keep: duration({ forever: Infinity }).prefault("forever").describe("How long messages are kept."),
  page: z.number().int().min(1).max(1000).default(50)
    .describe("Messages on a page, where a client does not say how many it wants."),
  largest_page: z.number().int().min(1).max(1000).default(250).describe("Messages on a page at most."),
  search: z.boolean().default(false).describe(
    "Whether clients can search for words. Every message is indexed then, which costs more than keeping it.",
  ),
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
  // What nobody else takes is taken here: it is in the archive, and not lost.
  after: ["message"],
  setup(host) {
    const { search } = host.config;
    host.accountFeature(MAM_NS, `${MAM_NS}#extended`, `${MAM_NS}#groupchat-field`, STANZA_ID_NS);
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
    host.provide(archiving, serviceOf(store, recorder));
    record(host, recorder);
    new Desk(host, store).open();
    answerPurges(host, store, host.config.purge);
    expire(host, store);
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
    coming.claim({ kind: "message", to }, ({ stanza }) => {
      const nobody = host.session(stanza.to!) === undefined;
      return nobody && recorder.willStore(stanza) ? CLAIMED : undefined;
    });
    coming.witness({ kind: "message", to }, (x) => recorder.arrived(x));
  }
}

function serviceOf(store: Archive, recorder: Recorder): Archiving {
  return {
    willStore: (stanza: Stanza) => recorder.willStore(stanza),
    has(stanza: Stanza) {
      const account = stanza.to!.bare;
      const id = stanzaIdBy(stanza.source, account);
      const item = id === undefined ? undefined : store.get(account.local, id);
      return item !== undefined && !isPromise(item);
    },
    hasAsked: (session: ClientSession, after: number) => (session.get(asked) ?? 0) > after,
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
    iq.get(MAM_NS, "metadata", "own", ({ to }) => this.#metadata(to.local));
    for (const name of ["query", "prefs", "metadata"]) {
      iq.get(MAM_NS, name, "account", notYours);
      iq.set(MAM_NS, name, "account", notYours);
    }
  }

  async #query({ payload, to, from, session }: Query): Promise<Element> {
    const query = readQuery(payload, this.host.config.search);
    session?.set(asked, this.host.clock.now());
    // A device builds on what it is shown: a crash must not take it back.
    await this.host.flush(this.host.writes);
    return await this.#results.answer(to.local, query, { archive: to, from, session });
  }

  /** XEP-0313 §4.4. */
  async #metadata(local: string): Promise<Element> {
    await this.host.flush(this.host.writes);
    const [first] = (await this.store.find(local, {}, { limit: 1 })).items;
    const [last] = (await this.store.find(local, {}, { limit: 1, before: "" })).items;
    return el(
      "metadata",
      MAM_NS,
      {},
      first === undefined || last === undefined ? [] : [
        el("start", MAM_NS, { id: first.id, timestamp: formatDateTime(first.at) }),
        el("end", MAM_NS, { id: last.id, timestamp: formatDateTime(last.at) }),
      ],
    );
  }
}

/** Removes what is older than it may be, a slice a turn. */
function expire(host: HostScope<Config>, store: Archive): void {
  const { keep } = host.config;
  if (keep === Infinity) return;
  let busy = false;
  host.every(EXPIRY, () => {
    if (busy) return;
    busy = true;
    host.spawn(async (signal) => {
      try {
        const before = host.clock.now() - keep;
        while (!signal.aborted && !(await store.expire(before, SLICE))) await nextTurn();
      } finally {
        busy = false;
      }
    });
  });
}
