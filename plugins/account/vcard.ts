/** XEP-0054: the card that an account shows to everybody. */
import { definePlugin, keyval, options, parseXml, size, StanzaError, utf8Length } from "#plugin";

const NS = "vcard-temp";

export const cards = keyval<string>("vcard");

export const vcard = definePlugin({
  name: "vcard",
  doc: "Keeps a card for each account, which anybody may read.",
  xeps: [[54, "1.3.0"]],
  config: options({
    size: size().prefault("256 KiB").describe("The largest card, with its picture."),
  }),
  standard: true,
  setup(host) {
    const store = host.open(cards);
    const read = (local: string) => {
      const text = store.get(local);
      return text === undefined ? undefined : parseXml(text);
    };
    host.feature(NS);
    host.accountFeature(NS);
    host.iq.get(NS, "vCard", "own", ({ to }) => {
      const card = read(to.local);
      if (card === undefined) throw new StanzaError("item-not-found", "there is no card yet");
      return card;
    });
    host.iq.get(NS, "vCard", "account", ({ to }) => {
      const card = read(to.local);
      // §3.3: the same answer as for an account that does not exist.
      if (card === undefined) throw new StanzaError("service-unavailable");
      return card;
    });
    host.iq.set(NS, "vCard", "own", ({ to, payload }) => {
      const text = payload.toString();
      if (utf8Length(text) > host.config.size) {
        throw new StanzaError("policy-violation", `a card may have at most ${host.config.size} bytes`);
      }
      store.set(to.local, payload.elements().length === 0 ? undefined : text);
      return undefined;
    });
    host.iq.set(NS, "vCard", "account", () => {
      throw new StanzaError("forbidden", "this is the card of somebody else");
    });
  },
});
