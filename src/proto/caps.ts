/**
 * Entity capabilities (XEP-0115): the answer to `disco#info` as a hash in presence, so that it is asked for
 * once for everybody who has the same. A hash is believed only when the answer gives it again and is well
 * formed (§5.4).
 */

import { encodeBase64, encodeUtf8 } from "../base/bytes.ts";
import { el, type Element } from "../xml/element.ts";
import { type DiscoIdentity, type DiscoInfo, readDiscoInfo } from "./disco.ts";
import { fieldOf, type Form } from "./forms.ts";
import { octetOrder } from "./octet_order.ts";
import { sha1 } from "./sha1.ts";

/** The namespace of `<c/>`, which is also the feature to announce. */
export const CAPS_NS = "http://jabber.org/protocol/caps";

/** What a presence says about the capabilities of its sender. */
export interface Caps {
  /** The software, as a URI. */
  readonly node: string;
  readonly ver: string;
  readonly hash: string;
}

/** A `<c/>` for these capabilities. */
export function buildCaps(node: string, ver: string): Element {
  return el("c", CAPS_NS, { hash: "sha-1", node, ver });
}

/**
 * The capabilities in a presence or in stream features; undefined when there are none, or none in the current
 * format.
 */
export function capsOf(parent: Element): Caps | undefined {
  const c = parent.child("c", CAPS_NS);
  const node = c?.attr("node");
  const ver = c?.attr("ver");
  const hash = c?.attr("hash");
  return node === undefined || ver === undefined || hash === undefined ? undefined : { node, ver, hash };
}

/** The hash of what an entity says of itself (§5.1), with SHA-1. */
export function capsVersion(info: DiscoInfo): string {
  return encodeBase64(sha1(encodeUtf8(capsText(info))));
}

/** What is hashed (§5.1). Forms without a hidden FORM_TYPE do not count (§5.4). */
export function capsText(info: DiscoInfo): string {
  let text = "";
  for (const identity of [...info.identities].sort(identityOrder)) text += identityText(identity) + "<";
  for (const feature of [...info.features].sort(octetOrder)) text += feature + "<";
  const forms = info.forms.flatMap((form) => {
    const about = hiddenType(form);
    return about === undefined ? [] : [{ form, about }];
  });
  forms.sort((a, b) => octetOrder(a.about, b.about));
  for (const { form, about } of forms) text += about + "<" + formText(form);
  return text;
}

/** Whether an answer to `disco#info` proves the hash, and if not, why. */
export type CapsVerdict = "valid" | "mismatch" | "ill-formed" | "unknown-hash";

/** Checks an answer to `disco#info` against the capabilities of a presence (§5.4). */
export function checkCaps(query: Element, caps: Caps): CapsVerdict {
  if (caps.hash !== "sha-1") return "unknown-hash";
  const info = readDiscoInfo(query);
  if (capsFault(info) !== undefined) return "ill-formed";
  return capsVersion(info) === caps.ver ? "valid" : "mismatch";
}

/** Why an answer is ill-formed (§5.4, steps 3 to 5), or undefined. */
export function capsFault(info: DiscoInfo): string | undefined {
  const identities = info.identities.map(identityText);
  if (new Set(identities).size < identities.length) return "an identity is there twice";
  if (new Set(info.features).size < info.features.length) return "a feature is there twice";
  // The separator inside a part would let one answer pass for another with the same hash (§9, preimage
  // attacks).
  if ([...identities, ...info.features].some((part) => part.includes("<"))) return 'a part has a "<" in it';
  const abouts = new Set<string>();
  for (const form of info.forms) {
    const values = new Set(fieldOf(form, "FORM_TYPE")?.values);
    if (values.size > 1) return "a FORM_TYPE has different values";
    const about = hiddenType(form);
    if (about === undefined) continue;
    if (abouts.has(about)) return "two forms have the same FORM_TYPE";
    abouts.add(about);
    const parts = form.fields.flatMap((field) => [field.var ?? "", ...field.values]);
    if (parts.some((part) => part.includes("<"))) return 'a part has a "<" in it';
  }
  return undefined;
}

function identityText(identity: DiscoIdentity): string {
  return `${identity.category}/${identity.type}/${identity.lang ?? ""}/${identity.name ?? ""}`;
}

// Part by part and not as one text: "en" comes before "en-GB", though "-" comes before "/".
function identityOrder(a: DiscoIdentity, b: DiscoIdentity): number {
  return octetOrder(a.category, b.category) || octetOrder(a.type, b.type) ||
    octetOrder(a.lang ?? "", b.lang ?? "") || octetOrder(a.name ?? "", b.name ?? "");
}

function hiddenType(form: Form): string | undefined {
  const field = fieldOf(form, "FORM_TYPE");
  return field?.type === "hidden" ? field.values[0] : undefined;
}

function formText(form: Form): string {
  const fields = form.fields.filter((field) => field.var !== undefined && field.var !== "FORM_TYPE");
  fields.sort((a, b) => octetOrder(a.var ?? "", b.var ?? ""));
  let text = "";
  for (const field of fields) {
    text += field.var + "<";
    for (const value of [...field.values].sort(octetOrder)) text += value + "<";
  }
  return text;
}
