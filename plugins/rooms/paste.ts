/**
 * Long messages become a line and a link: the text goes to a page of its own, for whoever has its address, which nobody can
 * guess. What is encrypted is left alone, and what somebody takes back (XEP-0424, XEP-0425) is gone there, too.
 */
import { Hono } from "hono";
import {
  type App,
  arriving,
  CONTENT_NS,
  definePlugin,
  el,
  type Element,
  errorResponse,
  type HostScope,
  isEncrypted,
  type Node,
  type Stanza,
  stanzaIdBy,
  sweep,
} from "#plugin";
import { roomDestroyed, rooms, said, saying, whispering } from "../muc/api.ts";
import { chatPasteOptions, type PasteOptions, roomPasteOptions } from "./paste_options.ts";
import { RETRACT_NS, USER_NS } from "./names.ts";
import { PasteStore } from "./paste_store.ts";

const XHTML_IM_NS = "http://jabber.org/protocol/xhtml-im";
const XHTML_NS = "http://www.w3.org/1999/xhtml";
/** XEP-0380: whatever the encryption is. */
const EME_NS = "urn:xmpp:eme:0";
/** What counts characters of a text that is not there any more (XEP-0394, XEP-0372, XEP-0428), or is the text again. */
const ABOUT_TEXT: ReadonlySet<string> = new Set([
  "urn:xmpp:markup:0",
  "urn:xmpp:reference:0",
  "urn:xmpp:fallback:0",
  XHTML_IM_NS,
]);

export const pastebin = definePlugin({
  name: "pastebin",
  doc: "Puts long messages of rooms on a page of their own, and a link to it in their place.",
  config: roomPasteOptions,
  hosts: ["muc"],
  needs: [rooms],
  setup(host) {
    const store = openStore(host);
    inRooms(host, store, new Pasting(host, store), host.config.private_messages);
  },
});

export const chatPastebin = definePlugin({
  name: "chat_pastebin",
  doc: "Puts long messages that accounts get on a page of their own, and a link to it in their place.",
  config: chatPasteOptions,
  hosts: ["user"],
  setup(host) {
    const pasting = new Pasting(host, openStore(host));
    host.at(arriving).amend(
      { kind: "message" },
      ({ stanza }) => isChat(stanza) ? pasting.shorten(stanza, "") : undefined,
    );
  },
});

/** What comes out of a room is the room's affair. */
function isChat(stanza: Stanza): boolean {
  const { type, to } = stanza;
  if (type !== "chat" && type !== "normal") return false;
  return to !== undefined && to.local !== "" && stanza.child("x", USER_NS) === undefined;
}

/** The texts of a host, with their page and their end. */
function openStore(host: HostScope<PasteOptions>): PasteStore {
  const { keep, quota, path } = host.config;
  const store = new PasteStore(host, quota);
  const since = (): number => keep === Infinity ? 0 : host.clock.now() - keep;
  if (keep !== Infinity) {
    sweep(host, () => {
      const before = since();
      return () => store.expire(before);
    });
  }
  host.http(path, pasteApp((id) => store.get(id, since())));
  return store;
}

function inRooms(host: HostScope<unknown>, store: PasteStore, pasting: Pasting, whispers: boolean): void {
  host.at(saying).amend(
    { kind: "message" },
    ({ stanza, room, occupant }) => occupant === undefined ? undefined : pasting.shorten(stanza, room.name),
  );
  if (whispers) {
    host.at(whispering).amend({ kind: "message" }, ({ stanza, room }) => pasting.shorten(stanza, room.name));
  }
  host.on(said, ({ room, stanza }) => {
    const name = stanzaIdBy(stanza.source, room.jid);
    const id = pasting.idIn(stanza.source.childText("body", CONTENT_NS) ?? "");
    if (id !== undefined && name !== undefined) store.name(id, room.name, name);
    const gone = stanza.child("retract", RETRACT_NS)?.attr("id");
    if (gone !== undefined) store.takeBack(room.name, gone);
  });
  host.on(roomDestroyed, ({ room }) => {
    while (!store.clear(room.name));
  });
}

class Pasting {
  readonly #address: string;

  constructor(private readonly host: HostScope<PasteOptions>, private readonly store: PasteStore) {
    this.#address = `${host.url(host.config.path)}/`;
  }

  /** The message with a link in the place of its text; undefined where it stays as it is. */
  shorten(stanza: Stanza, room: string): Stanza | undefined {
    const { source } = stanza;
    const body = source.childText("body", CONTENT_NS);
    const text = body === undefined ? undefined : this.#textOf(body);
    if (text === undefined || source.elements().some((it) => isEncrypted(it) || it.ns === EME_NS)) {
      return undefined;
    }
    const id = this.store.add(room, text, this.host.clock.now());
    return stanza.containing(this.#linked(source, text, `${this.#address}${id}`));
  }

  /** The id in a text that was made here. */
  idIn(text: string): string | undefined {
    const at = text.lastIndexOf(this.#address);
    return at < 0 ? undefined : /^[\w-]+$/.exec(text.slice(at + this.#address.length))?.[0];
  }

  /** What goes to the page, where a message is too long or wants it. */
  #textOf(body: string): string | undefined {
    const { characters, lines, trigger } = this.host.config;
    if (trigger !== undefined && body.startsWith(`${trigger} `)) return body.slice(trigger.length + 1);
    if (body.length <= characters && lineCount(body) <= lines) return undefined;
    return lineCount(body) > lines || [...body].length > characters ? body : undefined;
  }

  #linked(source: Element, text: string, url: string): Element {
    const { summary, html_preview } = this.host.config;
    const first = [...text.trimStart().slice(0, 2 * summary)].slice(0, summary).join("").split("\n", 1)[0]!
      .trim().toWellFormed();
    const count = lineCount(text);
    const note = `[the whole text, ${count} line${count === 1 ? "" : "s"}]`;
    const body = `${first}\n… ${note}: ${url}`;
    const children = source.children.flatMap((node): Node[] => {
      if (typeof node === "string") return [node];
      if (ABOUT_TEXT.has(node.ns)) return [];
      if (node.name !== "body" || node.ns !== CONTENT_NS) return [node];
      // The same in other languages would be long, too.
      return node.attr("xml:lang") === undefined ? [el("body", CONTENT_NS, {}, body)] : [];
    });
    const said = source.withChildren(children);
    const whole = said.has("body", CONTENT_NS) ? said : said.plus(el("body", CONTENT_NS, {}, body));
    return html_preview ? whole.plus(preview(first, note, url)) : whole;
  }
}

function preview(first: string, note: string, url: string): Element {
  return el("html", XHTML_IM_NS, {}, [
    el("body", XHTML_NS, {}, [
      el("p", XHTML_NS, {}, [`${first} `, el("a", XHTML_NS, { href: url }, note)]),
    ]),
  ]);
}

function lineCount(text: string): number {
  let count = 1;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) count++;
  return count;
}

function pasteApp(find: (id: string) => string | undefined): App {
  const app: App = new Hono();
  app.get("/:id", (c) => {
    const text = find(c.req.param("id"));
    if (text === undefined) {
      return errorResponse(c.req.header("accept"), 404, "There is no such text, or not any more.");
    }
    return c.body(text, 200, {
      "content-type": "text/plain; charset=utf-8",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
      "x-content-type-options": "nosniff",
      "x-robots-tag": "noindex, nofollow",
      "referrer-policy": "no-referrer",
      "cache-control": "private, no-store",
    });
  });
  return app;
}
