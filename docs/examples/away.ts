/** Answers messages for people who have said that they are away: once to each sender, until they are back. */
import type * as Face from "../../src/plugin/mod.ts";

const NS = "urn:example:away";

export default (metronome: typeof Face) => {
  const {
    CONTENT_NS,
    Lru,
    Stanza,
    StanzaError,
    arriving,
    defineSlot,
    duration,
    el,
    keyval,
    sessionBound,
    z,
  } = metronome;

  /** What an account has to say while it is away; undefined while it is not. */
  const words = keyval<string>("away");
  /** When an account has answered whom; bounded, since strangers fill it. What is held outlives a reload, not a restart. */
  const answered = defineSlot<Face.Lru<string, Face.Lru<string, number>>>("away.answered");

  return metronome.definePlugin({
    name: "away",
    doc: "Answers messages for people who are away.",
    config: metronome.options({
      longest: z.number().int().min(1).max(5000).default(500).describe("Characters that the words may have."),
      again: duration().prefault("1 day").describe("After how long the same sender is told again."),
    }),
    setup(host) {
      const kept = host.open(words);
      const told = host.hold(answered, () => new Lru<string, Face.Lru<string, number>>(1000));

      host.feature(NS);
      host.iq.get(NS, "away", "own", ({ from }) => el("away", NS, {}, kept.get(from.local)));
      host.iq.set(NS, "away", "own", ({ from, payload }) => {
        if (payload.text.length > host.config.longest) {
          throw new StanzaError("not-acceptable", `at most ${host.config.longest} characters`);
        }
        kept.set(from.local, payload.text === "" ? undefined : payload.text);
        told.delete(from.local);
        return undefined;
      });

      host.at(arriving).witness({ kind: "message" }, ({ stanza }) => {
        const { from, to, type } = stanza;
        // Never answer an answer: errors, headlines and rooms are no people who wait.
        if (from === undefined || to === undefined || (type !== "chat" && type !== "normal")) return;
        const text = kept.get(to.local);
        if (text === undefined || stanza.child("body", CONTENT_NS) === undefined) return;
        if (stanza.child("away", NS) !== undefined || from.bare.equals(to.bare)) return;
        const now = host.clock.now();
        const mine = told.get(to.local) ?? new Lru<string, number>(1000);
        if (now - (mine.get(from.bare.toString()) ?? -Infinity) < host.config.again) return;
        mine.set(from.bare.toString(), now);
        told.set(to.local, mine);
        const answer = el("message", CONTENT_NS, { type }, [
          el("body", CONTENT_NS, {}, text),
          el("away", NS),
        ]);
        host.send(Stanza.of(answer, to.bare, from));
      });

      host.on(sessionBound, ({ session }) => {
        if (kept.get(session.account.local) === undefined) return;
        const hint = `You are still marked as away.`;
        const note = el("message", CONTENT_NS, { type: "headline" }, [el("body", CONTENT_NS, {}, hint)]);
        host.send(Stanza.of(note, host.jid, session.jid));
      });
    },
  });
};
