/**
 * What stands for what in the two kinds of cards: vcard-temp (XEP-0054) and vCard4 (RFC 6351), as XEP-0292 §9 and its
 * stylesheet have it. A row reads a field of one kind and writes that of the other. Pictures are not among them: they have
 * nodes of their own. Pure.
 */
import { el, type Element, type Node } from "#plugin";
import { VCARD_NS } from "./photo.ts";

export const VCARD4_NS = "urn:ietf:params:xml:ns:vcard-4.0";

const v4 = (name: string, ...children: (Node | undefined)[]) => el(name, VCARD4_NS, {}, children);
const temp = (name: string, ...children: (Node | undefined)[]) => el(name, VCARD_NS, {}, children);

/** A field of each kind; what a card has more than once becomes as many. */
export interface CardField {
  readonly temp: string;
  readonly v4: string;
  /** Undefined where nothing of it can be kept. */
  up(field: Element): Element | undefined;
  down(field: Element): Element | undefined;
}

/** A field whose value is one text here, and one text or address there. */
function simple(temp_: string, v4_: string, kind: "text" | "uri" | "date" | "timestamp" = "text"): CardField {
  return {
    temp: temp_,
    v4: v4_,
    up: (field) => {
      const text = field.text.trim();
      return text === "" ? undefined : v4(v4_, v4(kindOf(kind, text), text));
    },
    down: (field) => {
      const text = valueOf(field);
      return text === "" ? undefined : temp(temp_, text);
    },
  };
}

/** RFC 6350 §4.3.1: what is no date is a text. */
function kindOf(kind: string, text: string): string {
  if (kind === "date") return /^(\d{4}|-)-?\d{2}-?\d{2}$/.test(text) ? "date" : "text";
  if (kind === "uri") return /^[a-z][a-z0-9+.-]*:/i.test(text) ? "uri" : "text";
  return kind;
}

function valueOf(field: Element): string {
  for (const it of field.elements()) if (it.name !== "parameters") return it.text.trim();
  return "";
}

/** A field with parts, each of which has a name on both sides. */
function parts(
  temp_: string,
  v4_: string,
  names: Readonly<Record<string, string>>,
  types: string,
): CardField {
  const known = types === "" ? [] : types.split(" ");
  const pairs = Object.entries(names);
  return {
    temp: temp_,
    v4: v4_,
    up: (field) => {
      const values = pairs.map(([a, b]) => [b, field.childText(a)?.trim() ?? ""] as const);
      if (values.every(([, text]) => text === "")) return undefined;
      const inner = values.filter(([, text]) => text !== "").map(([name, text]) => v4(name, text));
      return v4(v4_, parameters(field, known), ...inner);
    },
    down: (field) => {
      const values = pairs.map(([a, b]) => [a, textsOf(field, b).join(",")] as const);
      if (values.every(([, text]) => text === "")) return undefined;
      const inner = values.filter(([, text]) => text !== "").map(([name, text]) => temp(name, text));
      return temp(temp_, ...marks(field, known), ...inner);
    },
  };
}

/** A number or address that is of a kind: at home, at work, preferred. */
function typed(
  names: { readonly temp: string; readonly inner: string; readonly v4: string },
  types: string,
  value: (text: string) => Element,
  text: (value: string) => string,
): CardField {
  const known = types.split(" ");
  return {
    temp: names.temp,
    v4: names.v4,
    up: (field) => {
      const said = field.childText(names.inner)?.trim() ?? "";
      return said === "" ? undefined : v4(names.v4, parameters(field, known), value(said));
    },
    down: (field) => {
      const said = text(valueOf(field));
      return said === "" ? undefined : temp(names.temp, ...marks(field, known), temp(names.inner, said));
    },
  };
}

function textsOf(field: Element, name: string): string[] {
  return field.elements().filter((it) => it.name === name).map((it) => it.text.trim()).filter((it) =>
    it !== ""
  );
}

function parameters(field: Element, known: readonly string[]): Element | undefined {
  const types = known.filter((type) => field.has(type.toUpperCase()));
  const inner = [
    types.length === 0 ? undefined : v4("type", ...types.map((type) => v4("text", type))),
    field.has("PREF") ? v4("pref", v4("integer", "1")) : undefined,
  ];
  return inner.every((it) => it === undefined) ? undefined : v4("parameters", ...inner);
}

function marks(field: Element, known: readonly string[]): Element[] {
  const said = field.child("parameters");
  const types = said?.child("type")?.elements().map((it) => it.text.trim().toLowerCase()) ?? [];
  const found = known.filter((type) => types.includes(type)).map((type) => temp(type.toUpperCase()));
  return said?.has("pref") === true ? [...found, temp("PREF")] : found;
}

/** Names of several, each a text. */
function list(temp_: string, inner: readonly string[], v4_: string): CardField {
  return {
    temp: temp_,
    v4: v4_,
    up: (field) => {
      const texts = field.elements().filter((it) => inner.includes(it.name)).map((it) => it.text.trim());
      while (texts.at(-1) === "") texts.pop();
      return texts.length === 0 ? undefined : v4(v4_, ...texts.map((text) => v4("text", text)));
    },
    down: (field) => {
      const texts = textsOf(field, "text");
      const last = inner.at(-1)!;
      return texts.length === 0
        ? undefined
        : temp(temp_, ...texts.map((text, i) => temp(inner[i] ?? last, text)));
    },
  };
}

const NAME = { FAMILY: "surname", GIVEN: "given", MIDDLE: "additional", PREFIX: "prefix", SUFFIX: "suffix" };
const ADDRESS = {
  POBOX: "pobox",
  EXTADD: "ext",
  STREET: "street",
  LOCALITY: "locality",
  REGION: "region",
  PCODE: "code",
  CTRY: "country",
};

const same = (text: string) => text;
const after = (prefix: string) => (text: string) =>
  text.toLowerCase().startsWith(prefix) ? text.slice(prefix.length) : text;

const PHONE = typed(
  { temp: "TEL", inner: "NUMBER", v4: "tel" },
  "home work voice fax pager cell video text",
  // RFC 3966 §3: a number in an address has no spaces.
  (text) => /^\+?[\d().-]+$/.test(text) ? v4("uri", `tel:${text}`) : v4("text", text),
  after("tel:"),
);
const MAIL = typed(
  { temp: "EMAIL", inner: "USERID", v4: "email" },
  "home work",
  (text) => v4("text", text),
  same,
);
/** XEP-0292 §9.1.2; addresses of other networks have no place in the older card. */
const ADDRESS_HERE: CardField = {
  temp: "JABBERID",
  v4: "impp",
  up: (field) => field.text.trim() === "" ? undefined : v4("impp", v4("uri", `xmpp:${field.text.trim()}`)),
  down: (field) => {
    const text = valueOf(field);
    return /^xmpp:./i.test(text) ? temp("JABBERID", text.slice(5)) : undefined;
  },
};
const PLACE: CardField = {
  temp: "GEO",
  v4: "geo",
  up: (field) => {
    const [lat, lon] = [field.childText("LAT")?.trim(), field.childText("LON")?.trim()];
    return lat && lon ? v4("geo", v4("uri", `geo:${lat},${lon}`)) : undefined;
  },
  down: (field) => {
    const found = /^geo:(-?[\d.]+),(-?[\d.]+)/i.exec(valueOf(field));
    return found === null ? undefined : temp("GEO", temp("LAT", found[1]!), temp("LON", found[2]!));
  },
};
const KEY: CardField = {
  temp: "KEY",
  v4: "key",
  up: (field) => {
    const text = field.childText("CRED")?.trim();
    return text ? v4("key", v4("text", text)) : undefined;
  },
  down: (field) => {
    const text = field.childText("text")?.trim();
    return text ? temp("KEY", temp("CRED", text)) : undefined;
  },
};

/** In the order of the older card. What comes later and has the same name there is for reading only. */
export const CARD_FIELDS: readonly CardField[] = [
  simple("FN", "fn"),
  parts("N", "n", NAME, ""),
  simple("NICKNAME", "nickname"),
  simple("BDAY", "bday", "date"),
  parts("ADR", "adr", ADDRESS, "home work"),
  PHONE,
  MAIL,
  ADDRESS_HERE,
  simple("TZ", "tz"),
  PLACE,
  simple("TITLE", "title"),
  simple("ROLE", "role"),
  list("ORG", ["ORGNAME", "ORGUNIT"], "org"),
  list("CATEGORIES", ["KEYWORD"], "categories"),
  // §9.1.1: what people call a description is a note there.
  simple("DESC", "note"),
  simple("NOTE", "note"),
  simple("PRODID", "prodid"),
  simple("REV", "rev", "timestamp"),
  simple("UID", "uid", "uri"),
  simple("URL", "url", "uri"),
  KEY,
];
