/** XEP-0054: the card that an account shows to everybody. */
import {
  definePlugin,
  type Element,
  type HostScope,
  type Jid,
  type Keyval,
  keyval,
  NotYours,
  options,
  parseXml,
  size,
  StanzaError,
  utf8Length,
  type z,
} from "#plugin";
import { cardChanged, cards as service } from "./api.ts";

const NS = "vcard-temp";

export const cards = keyval<string>("vcard");

const config = options({
  size: size().prefault("256 KiB").describe("The largest card, with its picture."),
});

export const vcard = definePlugin({
  name: "vcard",
  doc: "Keeps a card for each account, which anybody may read.",
  xeps: [[54, "1.3.0"]],
  config,
  standard: true,
  provides: [service],
  setup(host) {
    const book = new CardBook(host);
    host.provide(service, book);
    host.feature(NS);
    host.accountFeature(NS);
    host.iq.get(NS, "vCard", "own", ({ to }) => {
      const card = book.get(to.local);
      if (card === undefined) throw new StanzaError("item-not-found", "there is no card yet");
      return card;
    });
    host.iq.get(NS, "vCard", "account", ({ to }) => {
      const card = book.get(to.local);
      // §3.3: the same answer as for an account that does not exist.
      if (card === undefined) throw new StanzaError("service-unavailable");
      return card;
    });
    host.iq.set(NS, "vCard", "own", ({ from, to, payload }) => {
      book.set(to.local, payload, from);
      return undefined;
    });
    host.iq.set(NS, "vCard", "account", () => {
      throw new NotYours("this is the card of somebody else");
    });
  },
});

class CardBook {
  readonly #store: Keyval<string>;

  constructor(private readonly host: HostScope<z.infer<typeof config>>) {
    this.#store = host.open(cards);
  }

  get(local: string): Element | undefined {
    const text = this.#store.get(local);
    return text === undefined ? undefined : parseXml(text);
  }

  set(local: string, card: Element | undefined, by?: Jid): void {
    const after = card === undefined || card.elements().length === 0 ? undefined : card;
    const text = after?.toString();
    const { size } = this.host.config;
    if (text !== undefined && utf8Length(text) > size) {
      throw new StanzaError("policy-violation", `a card may have at most ${size} bytes`);
    }
    const before = this.get(local);
    this.#store.set(local, text);
    this.host.emit(cardChanged, { local, before, after, by });
  }
}
