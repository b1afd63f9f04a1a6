/**
 * XEP-0292: an account's card in the newer form, at a node of its own and for whoever asks for it directly, kept in step with
 * the older one (XEP-0054).
 *
 * Decisions where the standard leaves them open: a card that is not for everybody is not put into the older one, which is;
 * pictures go by the nodes of XEP-0084 and are in neither conversion.
 */
import {
  definePlugin,
  type Element,
  type HostScope,
  type Jid,
  keyval,
  none,
  NotYours,
  StanzaError,
} from "#plugin";
import { cardChanged, type Cards, cards } from "../account/api.ts";
import { type PersonalServices, personalServices, type PubsubService } from "../pubsub/api.ts";
import { VCARD4_NS } from "./card_fields.ts";
import { toVcard4, toVcardTemp } from "./card_forms.ts";
import { adoptOnce, Mirror } from "./mirror.ts";
import { type Happened, isOpen, lastOf, watchOpenNodes } from "./nodes.ts";

const NODE = "urn:xmpp:vcard4";
/** §5.1 leaves the id to who publishes; clients use this one. */
const ID = "current";

/** Accounts whose card was brought in step. */
export const adoptedCards = keyval<number>("profile.card");

export const vcard4 = definePlugin({
  name: "vcard4",
  doc: "Keeps cards in their newer form, in step with the older one.",
  xeps: [[292, "0.12.0"]],
  config: none,
  standard: true,
  wants: [cards, personalServices],
  setup(host) {
    const [book, personal] = [host.find(cards), host.find(personalServices)];
    if (book === undefined || personal === undefined) return;
    const them = new NewCards(host, book, personal);
    host.accountFeature(VCARD4_NS);
    for (const to of ["own", "account"] as const) {
      host.iq.get(VCARD4_NS, "vcard", to, ({ from, to }) => them.shown(to.local, from));
    }
    host.iq.set(VCARD4_NS, "vcard", "own", ({ from, payload }) => them.set(from, payload));
    host.iq.set(VCARD4_NS, "vcard", "account", () => {
      throw new NotYours("this is the card of somebody else");
    });
    watchOpenNodes(host, [NODE], (service, _, what) => them.nodeChanged(service, what));
    host.on(cardChanged, ({ local, before, after }): undefined => them.cardChanged(local, before, after));
    adoptOnce(host, host.open(adoptedCards), (local) => them.adopt(local));
  },
});

class NewCards {
  readonly #mirror: Mirror;

  constructor(
    host: HostScope<unknown>,
    private readonly cards: Cards,
    private readonly personal: PersonalServices,
  ) {
    this.#mirror = new Mirror(host);
  }

  /** What one may see of somebody's card. */
  shown(local: string, who: Jid): Element {
    const service = this.personal.of(local);
    const card = service.may(NODE, who, "retrieve") ? lastOf(service, NODE)?.payload : undefined;
    if (card !== undefined) return card;
    const old = this.cards.get(local);
    if (old !== undefined) return toVcard4(old);
    // XEP-0054 §3.3: to others the same answer as for an account that does not exist.
    if (who.bare.equals(service.jid)) throw new StanzaError("item-not-found", "there is no card yet");
    throw new StanzaError("service-unavailable");
  }

  set(by: Jid, payload: Element): undefined {
    const service = this.personal.of(by.local);
    const id = service.last(NODE)?.id ?? ID;
    service.publish(NODE, { id, payload }, { by });
  }

  nodeChanged(service: PubsubService, what: Happened): void {
    const local = service.owner;
    this.#mirror.reflect(local, () => {
      const card = what === "closed" ? undefined : lastOf(service, NODE)?.payload;
      const before = this.cards.get(local);
      const after = toVcardTemp(card, before);
      if (after.toString() === before?.toString()) return;
      try {
        this.cards.set(local, after);
      } catch (error) {
        // What is too large for the older card is not shown there, and neither is what it replaces.
        const rest = toVcardTemp(undefined, before);
        if (before !== undefined && rest.toString() !== before.toString()) this.cards.set(local, rest);
        throw error;
      }
    });
  }

  cardChanged(local: string, before: Element | undefined, after: Element | undefined): undefined {
    // What means the same there, such as another picture, is no reason to write.
    if (toVcard4(before).toString() === toVcard4(after).toString()) return;
    this.#mirror.reflect(local, () => this.#publish(local, after));
  }

  #publish(local: string, card: Element | undefined): void {
    const service = this.personal.of(local);
    const known = service.node(NODE) !== undefined;
    // A card that is not for everybody is another card.
    if (known && !isOpen(service, NODE)) return;
    const last = lastOf(service, NODE);
    const payload = toVcard4(card, last?.payload);
    if (payload.elements().length > 0) {
      service.publish(NODE, { id: last?.id ?? ID, payload }, { publisher: service.jid });
    } else if (last !== undefined) service.retract(NODE, [last.id], { tell: true });
  }

  /** An account that had one of the two before. */
  adopt(local: string): boolean {
    const card = this.cards.get(local);
    if (card === undefined && !this.personal.isUsed(local)) return false;
    const service = this.personal.of(local);
    if (lastOf(service, NODE) === undefined) this.#mirror.reflect(local, () => this.#publish(local, card));
    else if (card === undefined && isOpen(service, NODE)) this.nodeChanged(service, "published");
    return true;
  }
}
