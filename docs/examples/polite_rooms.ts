/** Rooms in which nobody shouts: a field for owners, a badge for those who keep to it, and what is said without it. */
import type * as Face from "../../src/plugin/mod.ts";
import type * as Muc from "../../plugins/muc/api.ts";

const NS = "urn:example:polite";

export default (metronome: typeof Face, { muc }: { readonly muc: typeof Muc }) => {
  const { definePlugin, defineSlot, el, none, StanzaError } = metronome;

  const POLITE = muc.defineField("x-muc#roomconfig_polite", { kind: "boolean", label: "Nobody shouts" }, false);
  /** How often somebody has shouted, for as long as they are in the room. */
  const shouts = defineSlot<number>("polite.shouts");

  return definePlugin({
    name: "polite_rooms",
    doc: "Rooms in which nobody shouts.",
    config: none,
    hosts: ["muc"],
    needs: [muc.rooms],
    setup(host) {
      const rooms = host.use(muc.rooms);

      // A field of the configuration form, also shown to everybody who asks about the room.
      rooms.field(host, POLITE, { info: true });
      rooms.disco(host, { features: (room) => room.value(POLITE) ? [NS] : [] });

      // A veto: nothing of the form is applied, and the owner gets this error.
      host.at(muc.configuring).guard({}, (x) =>
        x.value(POLITE) && x.value(muc.MODERATED)
          ? new StanzaError("not-acceptable", "where only some may speak, nobody needs to be told to be polite")
          : undefined);

      // Whoever comes in under a shouted name is called something quieter (status 210).
      host.at(muc.joining).amend({}, (x) => {
        if (x.room.value(POLITE) && isShouted(x.nick)) x.rename(x.nick.toLowerCase());
        return undefined;
      });

      // What others see of somebody, made once for each change.
      host.at(muc.presenting).amend({ kind: "presence" }, ({ room, occupant, stanza }) =>
        room.value(POLITE) && occupant.get(shouts) === undefined
          ? stanza.containing(stanza.source.plus(el("polite", NS)))
          : undefined);

      // What is said: refused, and the badge is gone.
      host.at(muc.saying).guard({ kind: "message" }, ({ room, occupant, stanza }) => {
        if (occupant === undefined || !room.value(POLITE)) return undefined;
        if (!isShouted(stanza.source.childText("body") ?? "")) return undefined;
        occupant.set(shouts, (occupant.get(shouts) ?? 0) + 1);
        rooms.refresh(room, occupant);
        return new StanzaError("policy-violation", "please do not shout");
      });

      // A request to the room itself.
      rooms.get(host, NS, "shouts", ({ room }) =>
        el("shouts", NS, {}, [...room.occupants].map((occupant) =>
          el("occupant", NS, { nick: occupant.nick, shouts: String(occupant.get(shouts) ?? 0) })
        )));
    },
  });
};

function isShouted(text: string): boolean {
  return /\p{Lu}/u.test(text) && text === text.toUpperCase();
}
