/**
 * XEP-0172: the nickname that an account publishes is in its card, and the one in its card is published: clients show the
 * one or the other. The first nickname of a card is the one that counts; a card without one takes none back.
 */
import { definePlugin, el, type Element, none } from "#plugin";
import { cardChanged, cards } from "../account/api.ts";
import { personalServices, type PubsubService } from "../pubsub/api.ts";
import { Mirror } from "./mirror.ts";
import { lastOf, watchOpenNodes } from "./nodes.ts";
import { VCARD_NS } from "./photo.ts";

const NODE = "http://jabber.org/protocol/nick";

export const nicknames = definePlugin({
  name: "nicknames",
  doc: "Keeps the nickname that an account publishes and the one in its card the same.",
  xeps: [[172, "1.1"]],
  config: none,
  standard: true,
  wants: [cards, personalServices],
  setup(host) {
    const [book, personal] = [host.find(cards), host.find(personalServices)];
    if (book === undefined || personal === undefined) return;
    const mirror = new Mirror(host);
    watchOpenNodes(host, [NODE], (service, _, what) => {
      const local = service.owner;
      mirror.reflect(local, () => {
        const card = book.get(local);
        const nick = what === "closed" ? "" : publishedBy(service);
        if (nick !== nicknameOf(card)) book.set(local, withNickname(card, nick));
      });
    });
    host.on(cardChanged, ({ local, before, after }): undefined => {
      const nick = nicknameOf(after);
      if (nick === "" || nick === nicknameOf(before)) return;
      mirror.reflect(local, () => {
        const service = personal.of(local);
        if (publishedBy(service) === nick) return;
        const last = lastOf(service, NODE);
        const draft = { id: last?.id, payload: el("nick", NODE, {}, nick) };
        service.publish(NODE, draft, { publisher: service.jid });
      });
    });
  },
});

function publishedBy(service: PubsubService): string {
  return lastOf(service, NODE)?.payload.text.trim() ?? "";
}

function nicknameOf(card: Element | undefined): string {
  return card?.childText("NICKNAME")?.trim() ?? "";
}

/** Other nicknames stay behind it. */
function withNickname(card: Element | undefined, nick: string): Element {
  const whole = card ?? el("vCard", VCARD_NS);
  const first = whole.child("NICKNAME");
  const written = nick === "" ? undefined : el("NICKNAME", VCARD_NS, {}, nick);
  if (first === undefined) return whole.plus(written);
  return whole.withChildren(whole.children.map((child) => child === first ? written : child));
}
