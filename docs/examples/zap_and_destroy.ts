/** Destroys a room with a bang: words from above, screams from everybody who is in it, and then silence. */
import type * as Face from "../../src/plugin/mod.ts";
import type * as Muc from "../../plugins/muc/api.ts";

/** What is said, and after how many seconds. */
const OMENS: readonly (readonly [seconds: number, words: string])[] = [
  [0, "/me dims the lights."],
  [3, "A voice from nowhere says: this room has seen enough."],
  [6, "The walls begin to lean towards each other."],
];
const SCREAMS = ["Noooo!", "Not again!", "Aaaargh!", "Mind my keyboard!"];
const LAST = 9;

export default (metronome: typeof Face, { muc }: { readonly muc: typeof Muc }) => {
  const { CONTENT_NS, definePlugin, defineSlot, el, formShape, none, StanzaError } = metronome;

  /** A room that is about to go. */
  const doomed = defineSlot<true>("zap.doomed");
  const FORM = formShape("urn:example:zap", {
    reason: { kind: "text", label: "Why", longest: 200 },
  });

  return definePlugin({
    name: "zap_and_destroy",
    doc: "Lets owners destroy rooms with a bang.",
    config: none,
    hosts: ["muc"],
    needs: [muc.rooms],
    setup(host) {
      const rooms = host.use(muc.rooms);
      const body = (words: string) => el("message", CONTENT_NS, {}, [el("body", CONTENT_NS, {}, words)]);
      /** What has not happened yet does not happen when the plugin stops. */
      const timers = new Set<{ cancel(): void }>();
      host.onStop(() => timers.forEach((timer) => timer.cancel()));
      const later = (seconds: number, name: string, fn: (room: Muc.Room) => void): void => {
        const timer = host.clock.after(seconds * 1000, () => {
          timers.delete(timer);
          // Rooms leave the memory, and somebody may have destroyed it: the name is what is kept.
          const room = rooms.find(name);
          if (room?.get(doomed) !== undefined) fn(room);
        });
        timers.add(timer);
      };

      // A command of the room (XEP-0050), with a form; clients show both.
      rooms.command(host, {
        node: "urn:example:zap",
        name: "Zap and destroy this room",
        may: (room, from) => room.rights(from) === "owner",
        form: () => FORM,
        run({ room }, { reason }) {
          if (room.get(doomed) !== undefined) throw new StanzaError("conflict", "it has been zapped already");
          room.set(doomed, true);
          for (const [seconds, words] of OMENS) later(seconds, room.name, (it) => rooms.say(it, body(words)));
          later(LAST, room.name, (it) => {
            [...it.occupants].forEach((occupant, i) => rooms.say(it, body(SCREAMS[i % SCREAMS.length]!), occupant));
            rooms.destroy(it, reason || "It imploded.");
          });
          return undefined;
        },
      });

      // Nobody walks into it.
      host.at(muc.joining).guard({}, ({ room }) =>
        room.get(doomed) === undefined ? undefined : new StanzaError("not-allowed", "this room is about to implode"));
    },
  });
};
