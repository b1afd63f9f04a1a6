/**
 * XEP-0352: Client State Indication 1.0.0. For a device that nobody looks at, presence and messages of no hurry wait, and go
 * out in their order as soon as the device is active, something else is due for it, or too many wait.
 *
 * What waits ends with its session, and nothing is missed then: presence is told anew to the next session, rooms keep their
 * own history, and that somebody was typing is over. A session that outlives its stream (XEP-0198) gets everything, and is
 * active from then on (§5.2).
 */
import {
  accountRemoved,
  Authenticated,
  buildDelay,
  CLAIMED,
  type ClientSession,
  definePlugin,
  defineSlot,
  delayOf,
  type Delivering,
  delivering,
  departing,
  DROP,
  el,
  type Element,
  type HostScope,
  options,
  type Refusal,
  sessionBound,
  Stanza,
  z,
} from "#plugin";
import { commands } from "../admin/api.ts";
import { becameUnavailable, joinedRooms } from "../im/api.ts";
import { sessionParked, sessionResumed } from "./api.ts";
import { switchCommand } from "./client_state_command.ts";
import { HeldStanzas } from "./client_state_queue.ts";
import { SwitchBook } from "./client_state_switches.ts";
import { isChatState, mayWait } from "./client_state_worth.ts";
import { Rooms } from "./joined_rooms.ts";

const NS = "urn:xmpp:csi:0";
/** Characters of a stanza that may wait; a longer one is not worth its place. */
const LONGEST = 4096;

/** What waits for an inactive session; not there while it is active. */
const waiting = defineSlot<HeldStanzas>("client_state");

const config = options({
  held: z.number().int().min(1).max(10_000).default(300).describe(
    "Stanzas that wait for an inactive device at most; then they all go out.",
  ),
  hold_rooms: z.boolean().default(true).describe(
    "Lets messages of chat rooms wait that do not name the person. Everybody may choose otherwise.",
  ),
  block_chat_states: z.boolean().default(false).describe(
    "Never tells devices that somebody is typing, active or not. Everybody may choose otherwise.",
  ),
});
type Config = z.infer<typeof config>;

export const clientState = definePlugin({
  name: "client_state",
  doc: "Spares devices that nobody looks at what is of no hurry.",
  xeps: [[352, "1.0.0"]],
  config,
  standard: true,
  provides: [joinedRooms],
  wants: [commands],
  // What a device does not want at all need not wait for it.
  after: ["sift"],
  setup(host) {
    const rooms = new Rooms();
    const { block_chat_states: blockChatStates, hold_rooms: holdRooms } = host.config;
    const switches = new SwitchBook(host, { blockChatStates, holdRooms });
    const states = new ClientStates(host, rooms, switches);
    const offered = el("csi", NS);
    host.feature(NS);
    host.provide(joinedRooms, rooms);
    host.streamFeature({ ns: NS, needs: Authenticated, forbids: 0, offer: () => offered });
    host.nonza(NS, "active", (session) => states.activate(session));
    host.nonza(NS, "inactive", (session) => states.deactivate(session));
    // XEP-0386 §3.1: a session may begin inactive.
    host.inline("bind2", {
      feature: NS,
      take: (session, request) => request.has("inactive", NS) ? states.deactivate(session) : undefined,
    });
    host.at(delivering).guard({ kind: "message" }, (x) => states.filter(x));
    host.at(delivering).claim({}, (x) => states.hold(x));
    host.at(departing).witness({ kind: "presence", to: "resource" }, (x) => rooms.note(x));
    host.on(sessionBound, ({ session }) => switches.bound(session));
    host.on(accountRemoved, ({ local }) => void switches.forget(local));
    host.on(becameUnavailable, ({ session }) => void session.get(waiting)?.dropPresence());
    for (const event of [sessionParked, sessionResumed]) {
      host.on(event, ({ session }) => states.activate(session));
    }
    host.find(commands)?.register(host, switchCommand(switches));
    host.onStop(() => states.flushAll());
  },
});

class ClientStates {
  /** Copies of contents that keep no chunk alive: what many devices are told is kept once. */
  readonly #kept = new WeakMap<Element, Element>();

  constructor(
    private readonly host: HostScope<Config>,
    private readonly rooms: Rooms,
    private readonly switches: SwitchBook,
  ) {}

  activate(session: ClientSession): undefined {
    const held = session.get(waiting);
    if (held === undefined) return;
    session.set(waiting, undefined);
    this.#flush(session, held);
  }

  deactivate(session: ClientSession): undefined {
    const isLoggedIn = session.jid !== undefined || (session.state & Authenticated) !== 0;
    if (isLoggedIn && session.get(waiting) === undefined) session.set(waiting, new HeldStanzas());
  }

  filter({ session, stanza }: Readonly<Delivering>): Refusal | undefined {
    if (!this.switches.of(session).blockChatStates) return undefined;
    return stanza.type !== "error" && isChatState(stanza.source) ? DROP : undefined;
  }

  hold({ session, stanza }: Readonly<Delivering>): typeof CLAIMED | undefined {
    const held = session.get(waiting);
    if (held === undefined) return undefined;
    if (!this.#mayWait(session, stanza)) {
      this.#flush(session, held);
      return undefined;
    }
    held.add(this.#own(stanza), this.host.clock.now());
    if (held.size >= this.host.config.held) this.#flush(session, held);
    return CLAIMED;
  }

  flushAll(): void {
    for (const session of this.host.allSessions()) {
      const held = session.get(waiting);
      if (held !== undefined) this.#flush(session, held);
    }
  }

  #mayWait(session: ClientSession, stanza: Stanza): boolean {
    return mayWait(stanza, session.account.toString(), {
      holdsRooms: this.switches.of(session).holdRooms,
      nickname: (room) => room === undefined ? undefined : this.rooms.nickname(session, room),
    }) && stanza.source.inner("jabber:client").length <= LONGEST;
  }

  /** They have passed `delivering` already. Messages say when they came; presence is as true now as it was then. */
  #flush(session: ClientSession, held: HeldStanzas): void {
    if (held.size === 0) return;
    const { domain } = this.host;
    for (const { stanza, at } of held.take()) {
      const late = stanza.kind === "message" && delayOf(stanza.source, domain) === undefined;
      session.write(late ? stanza.containing(stanza.source.plus(buildDelay(at, domain))) : stanza);
    }
  }

  #own(stanza: Stanza): Stanza {
    const { source, id, from, to } = stanza;
    let own = this.#kept.get(source);
    // `with` makes all copies share the text once it is written.
    if (own === undefined) this.#kept.set(source, own = source.detached().with({}));
    const kept = Stanza.of(own, from, to);
    return kept.id === id && kept.type === stanza.type ? kept : Stanza.of(stanza.toElement().detached());
  }
}
