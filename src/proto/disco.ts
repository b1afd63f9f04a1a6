/**
 * Service discovery (XEP-0030): what an entity is, what it can do and what belongs to it, with the forms of
 * XEP-0128.
 */

import { el, type Element } from "../xml/element.ts";
import { buildForm, type Form, FORMS_NS, readForm } from "./forms.ts";

/** What an entity is and can do. */
export const DISCO_INFO_NS = "http://jabber.org/protocol/disco#info";
/** What belongs to an entity. */
export const DISCO_ITEMS_NS = "http://jabber.org/protocol/disco#items";

/** What kind of thing an entity is. */
export interface DiscoIdentity {
  readonly category: string;
  readonly type: string;
  readonly name?: string | undefined;
  /** The language of the name. */
  readonly lang?: string | undefined;
}

/** All that an entity says of itself. */
export interface DiscoInfo {
  readonly identities: readonly DiscoIdentity[];
  readonly features: readonly string[];
  /** More about it, each a form of type `result` (XEP-0128). */
  readonly forms: readonly Form[];
}

/** Something that belongs to an entity. */
export interface DiscoItem {
  /** Its address as text. */
  readonly jid: string;
  readonly node?: string | undefined;
  readonly name?: string | undefined;
}

/** The answer to `disco#info`; the node of the question must be given back (XEP-0030 §3.2). */
export function buildDiscoInfo(info: DiscoInfo, node?: string): Element {
  return el("query", DISCO_INFO_NS, { node }, [
    ...info.identities.map((identity) =>
      el("identity", DISCO_INFO_NS, {
        category: identity.category,
        type: identity.type,
        name: identity.name,
        "xml:lang": identity.lang,
      })
    ),
    ...info.features.map((feature) => el("feature", DISCO_INFO_NS, { var: feature })),
    ...info.forms.map(buildForm),
  ]);
}

/** Reads the answer to `disco#info`. Children without their required attributes are left out. */
export function readDiscoInfo(query: Element): DiscoInfo {
  const identities: DiscoIdentity[] = [];
  const features: string[] = [];
  const forms: Form[] = [];
  for (const child of query.elements()) {
    if (child.ns === FORMS_NS) {
      const form = readForm(child);
      if (form !== undefined) forms.push(form);
    } else if (child.ns === DISCO_INFO_NS && child.name === "feature") {
      const feature = child.attr("var");
      if (feature !== undefined) features.push(feature);
    } else if (child.ns === DISCO_INFO_NS && child.name === "identity") {
      const category = child.attr("category");
      const type = child.attr("type");
      if (category === undefined || type === undefined) continue;
      identities.push({ category, type, name: child.attr("name"), lang: child.attr("xml:lang") });
    }
  }
  return { identities, features, forms };
}

/** The answer to `disco#items`; `set` describes the page where the list is paged (XEP-0059). */
export function buildDiscoItems(items: readonly DiscoItem[], node?: string, set?: Element): Element {
  return el("query", DISCO_ITEMS_NS, { node }, [
    ...items.map((item) => el("item", DISCO_ITEMS_NS, { jid: item.jid, node: item.node, name: item.name })),
    set,
  ]);
}

/** Reads the answer to `disco#items`. */
export function readDiscoItems(query: Element): DiscoItem[] {
  const items: DiscoItem[] = [];
  for (const child of query.elementsOf(DISCO_ITEMS_NS)) {
    const jid = child.name === "item" ? child.attr("jid") : undefined;
    if (jid !== undefined) items.push({ jid, node: child.attr("node"), name: child.attr("name") });
  }
  return items;
}
