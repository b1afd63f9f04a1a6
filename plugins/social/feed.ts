/** Posts as a feed that programs outside XMPP read (RFC 4287). What people publish is completed, never trusted to be complete. */
import { el, type Element, formatDateTime, type Jid, parseXml } from "#plugin";
import type { Item, NodeView } from "../pubsub/api.ts";
import { ATOM_NS } from "./names.ts";
import { itemUri, nodeUri } from "./uri.ts";

/** XEP-0277 §6: what a blog says of itself is an item of this id. */
export const ABOUT = "0";

export interface Link {
  readonly rel: string;
  readonly href: string;
  readonly type?: string;
}

export interface FeedParts {
  /** Whose service it is. */
  readonly jid: Jid;
  readonly node: NodeView;
  /** The item about the blog. */
  readonly about: Item | undefined;
  readonly updated: number;
  readonly links: readonly Link[];
}

const atom = (name: string, text: string) => el(name, ATOM_NS, {}, text);
const linkOf = ({ rel, href, type }: Link) => el("link", ATOM_NS, { rel, type, href });

/** A feed without its entries. */
export function feedOf({ jid, node, about, updated, links }: FeedParts): Element {
  const said = about === undefined ? undefined : payloadOf(about, "feed");
  const own = (name: string) => said?.child(name, ATOM_NS);
  const kept = said?.elements().filter(({ name, ns }) =>
    ns === ATOM_NS && ["category", "contributor", "icon", "logo", "rights", "subtitle"].includes(name)
  );
  const { title, description } = node.config;
  const subtitle = description === "" || own("subtitle") !== undefined
    ? undefined
    : atom("subtitle", description);
  const uri = nodeUri(jid.toString(), node.name);
  return el("feed", ATOM_NS, {}, [
    own("title") ?? atom("title", title === "" ? jid.toString() : title),
    atom("id", uri),
    atom("updated", formatDateTime(updated)),
    own("author") ?? authorOf(jid.toString()),
    subtitle,
    ...kept ?? [],
    linkOf({ rel: "alternate", href: uri }),
    ...links.map(linkOf),
  ]);
}

/** An entry with everything that RFC 4287 §4.1.2 wants of one; undefined where the item is none. */
export function entryOf(jid: Jid, node: string, item: Item): Element | undefined {
  const entry = item.id === ABOUT ? undefined : payloadOf(item, "entry");
  if (entry === undefined) return undefined;
  const uri = itemUri({ jid: jid.toString(), node, item: item.id });
  const has = (name: string) => entry.has(name, ATOM_NS);
  const named = entry.elements().some((it) =>
    it.name === "link" && it.ns === ATOM_NS && it.attr("href")?.startsWith("xmpp:") === true &&
    (it.attr("rel") ?? "alternate") === "alternate"
  );
  return entry.plus(
    ...has("title") ? [] : [atom("title", "")],
    ...has("id") ? [] : [atom("id", uri)],
    ...has("updated") ? [] : [atom("updated", formatDateTime(item.at))],
    ...has("author") ? [] : [authorOf(item.publisher === "" ? jid.toString() : item.publisher)],
    ...named ? [] : [linkOf({ rel: "alternate", href: uri })],
  );
}

function authorOf(jid: string): Element {
  const name = jid.includes("@") ? jid.slice(0, jid.indexOf("@")) : jid;
  return el("author", ATOM_NS, {}, [atom("name", name), atom("uri", `xmpp:${jid}`)]);
}

/** The payload, where it is an element of Atom of this name. */
export function payloadOf({ payload }: Item, name: string): Element | undefined {
  if (payload === "") return undefined;
  const element = parseXml(payload);
  return element.name === name && element.ns === ATOM_NS ? element : undefined;
}
