/**
 * How often people who do not belong to a room may speak, show themselves and enter. What is too much is refused with an
 * error that says when to come again; who does not stop is removed from the room. The stream it came by is left alone: a
 * server's carries what many people say, and none of them answers for one.
 */
import {
  arriving,
  Bucket,
  definePlugin,
  domain,
  type HostScope,
  type Jid,
  Lru,
  options,
  type Stanza,
  StanzaError,
  z,
} from "#plugin";
import { gate } from "../gate/api.ts";
import { type Affiliation, defineField, type Occupant, type Room, type Rooms, rooms } from "../muc/api.ts";
import { MUC_NS } from "./names.ts";

/** Whose rates are remembered, of all rooms together. */
const REMEMBERED = 20_000;
/** Rooms whose newcomers are counted. */
const ROOMS = 5_000;
/** After so long without a refusal, earlier ones are forgotten. */
const FORGIVEN = 60_000;

const ENABLED = defineField(
  "muc#roomconfig_limits_enabled",
  {
    kind: "boolean",
    label: "How often people who do not belong to the room may speak is limited as follows",
  },
  false,
);
const STANZAS = defineField(
  "muc#roomconfig_limits_stanzas",
  { kind: "integer", label: "Messages, or changes of presence", min: 1, max: 1000 },
  6,
);
const SECONDS = defineField(
  "muc#roomconfig_limits_seconds",
  { kind: "integer", label: "In how many seconds", min: 1, max: 3600 },
  12,
);

const config = options({
  stanzas: z.number().int().min(1).max(1000).default(6).describe(
    "Messages, or changes of presence, or attempts to enter, of one person in `seconds`, in rooms that limit them.",
  ),
  seconds: z.number().int().min(1).max(3600).default(12).describe("In how many seconds."),
  loose: z.number().min(1).max(1000).default(10).describe(
    "How many times as much it is in rooms whose owners have not limited it.",
  ),
  newcomers: z.number().int().min(1).max(100_000).default(120).describe(
    "People who do not belong to a room and may enter it in a minute, all together.",
  ),
  exempt: z.array(z.enum(["owner", "admin", "member"])).default(["owner", "admin", "member"]).describe(
    "Affiliations that nothing is counted of. Moderators are always free.",
  ),
  exempt_domains: z.array(domain()).default([]).describe("Servers of whose people nothing is counted."),
  remove_after: z.number().int().min(1).max(10_000).default(20).describe(
    "Refused stanzas after which somebody is removed from the room.",
  ),
  report: z.boolean().default(false).describe(
    "Whether each refusal counts as an offence of the person's server, which keeps that out after too many of them.",
  ),
});

type What = "message" | "presence" | "join";

export const mucLimits = definePlugin({
  name: "muc_limits",
  doc: "Limits how often people who do not belong to a room speak, show themselves and enter.",
  config,
  hosts: ["muc"],
  needs: [rooms],
  wants: [gate],
  setup(host) {
    const { stanzas, seconds } = host.config;
    const book = host.use(rooms);
    const turnstile = new Turnstile(host, book);
    book.field(host, ENABLED);
    book.field(host, STANZAS, { initial: stanzas });
    book.field(host, SECONDS, { initial: seconds });
    host.at(arriving).guard({ kind: "message" }, ({ stanza }) => turnstile.judge(stanza));
    host.at(arriving).guard({ kind: "presence" }, ({ stanza }) => turnstile.judge(stanza));
  },
});

/** What somebody has left in a room. */
interface Account {
  readonly bucket: Bucket;
  refused: number;
  at: number;
}

class Turnstile {
  readonly #accounts = new Lru<string, Account>(REMEMBERED);
  readonly #newcomers = new Lru<string, Bucket>(ROOMS);
  readonly #refused;

  constructor(
    private readonly host: HostScope<z.infer<typeof config>>,
    private readonly book: Rooms,
  ) {
    this.#refused = host.metrics
      .counter("metronome_limited_in_rooms", "Stanzas to rooms that were too many.", ["host"])
      .of(host.domain);
  }

  judge(stanza: Stanza): StanzaError | undefined {
    const { from, to, type } = stanza;
    if (from === undefined || to === undefined || to.local === "") return undefined;
    // Going is always possible, and what came back is nobody's deed.
    if (type === "error" || type === "unavailable") return undefined;
    if (this.host.config.exempt_domains.includes(from.domain)) return undefined;
    const room = this.book.find(to.local);
    if (room === undefined) return undefined;
    const occupant = room.occupantOf(from);
    if (this.#isFree(room, from, occupant)) return undefined;
    const what = whatOf(stanza, occupant);
    const now = this.host.clock.monotonic();
    const account = this.#accountOf(room, from, what);
    if (!account.bucket.tryTake(1, now)) return this.#refuse(room, from, occupant, what, account, now);
    if (what !== "join" || this.#mayCome(room, now)) return undefined;
    this.#refused.add();
    return over(room, "too many people are entering this room", 60);
  }

  #isFree(room: Room, from: Jid, occupant: Occupant | undefined): boolean {
    if (occupant?.role === "moderator") return true;
    const affiliation: Affiliation = room.affiliation(from);
    // Who is banned is refused anyway, and counted.
    return (this.host.config.exempt as readonly Affiliation[]).includes(affiliation);
  }

  /** By account, and not by occupant: who leaves and comes again is the same. */
  #accountOf(room: Room, from: Jid, what: What): Account {
    const key = `${what} ${room.name} ${from.bare}`;
    const [stanzas, seconds] = this.#limitsOf(room);
    const rate = stanzas / seconds;
    const known = this.#accounts.get(key);
    // Limits that are others begin anew.
    if (known !== undefined && known.bucket.rate === rate && known.bucket.burst === stanzas) return known;
    const account = { bucket: new Bucket(rate, stanzas), refused: 0, at: 0 };
    this.#accounts.set(key, account);
    return account;
  }

  #limitsOf(room: Room): [stanzas: number, seconds: number] {
    const { stanzas, seconds, loose } = this.host.config;
    if (!room.value(ENABLED)) return [Math.round(stanzas * loose), seconds];
    return [room.value(STANZAS) ?? stanzas, room.value(SECONDS) ?? seconds];
  }

  #mayCome(room: Room, now: number): boolean {
    const { newcomers } = this.host.config;
    let bucket = this.#newcomers.get(room.name);
    if (bucket === undefined) {
      this.#newcomers.set(room.name, bucket = new Bucket(newcomers / 60, newcomers));
    }
    return bucket.tryTake(1, now);
  }

  #refuse(
    room: Room,
    from: Jid,
    occupant: Occupant | undefined,
    what: What,
    account: Account,
    now: number,
  ): StanzaError {
    const { config, log } = this.host;
    this.#refused.add();
    if (config.report) this.host.find(gate)?.hit(from.domain, { reason: "flooding of rooms" });
    account.refused = now - account.at > FORGIVEN ? 1 : account.refused + 1;
    account.at = now;
    if (account.refused >= config.remove_after && occupant !== undefined) {
      account.refused = 0;
      log.info("somebody was removed from a room: too many stanzas", { room: room.name, from: from.bare });
      this.book.remove(room, occupant, [307], "You do not stop sending more than this room takes.");
    }
    const [stanzas, seconds] = this.#limitsOf(room);
    return over(
      room,
      `at most ${stanzas} ${WORDS[what]} in ${seconds} seconds`,
      Math.ceil(seconds / stanzas),
    );
  }
}

const WORDS: Readonly<Record<What, string>> = {
  message: "messages",
  presence: "changes of presence",
  join: "attempts to enter",
};

function whatOf(stanza: Stanza, occupant: Occupant | undefined): What {
  if (stanza.kind === "message") return "message";
  return occupant === undefined && stanza.child("x", MUC_NS) !== undefined ? "join" : "presence";
}

function over(room: Room, text: string, seconds: number): StanzaError {
  return new StanzaError("policy-violation", `${text}; try again in ${seconds} s`, {
    type: "wait",
    by: room.jid.toString(),
  });
}
