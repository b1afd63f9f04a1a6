/** What somebody looks for (XEP-0433 §4.2), as a form, and what is wrong with it. */
import { el, type Element, type Form, formOf, formShape, StanzaError } from "#plugin";
import type { Entry } from "./search_index.ts";

export const SEARCH_NS = "urn:xmpp:channel-search:0:search";
const PARAMS_NS = "urn:xmpp:channel-search:0:search-params";
const ORDER_NS = "urn:xmpp:channel-search:0:order";
const ERROR_NS = "urn:xmpp:channel-search:0:error";

const BY_USERS = `{${ORDER_NS}}nusers`;
const BY_ADDRESS = `{${ORDER_NS}}address`;

/** Words that are looked for, and the letters that each must have. */
const WORDS = 10;
const SHORTEST = 2;

const FORM = formShape(PARAMS_NS, {
  q: { kind: "text", label: "Search for", longest: 500 },
  all: { kind: "boolean", label: "Return all entries", initial: false },
  sinname: { kind: "boolean", label: "Search in name", initial: true },
  sindescription: { kind: "boolean", label: "Search in description", initial: true },
  sinaddress: { kind: "boolean", label: "Search in address", initial: true },
  min_users: { kind: "integer", label: "Minimum number of users", min: 0, initial: 0 },
  types: {
    kind: "choices",
    label: "Service types",
    options: [{ value: "xep-0045", label: "Multi-User Chat" }, { value: "xep-0369", label: "MIX" }],
    initial: ["xep-0045"],
  },
});

export interface Wanted {
  readonly words: readonly string[];
  readonly least: number;
  readonly order: "users" | "address";
  /** Whether rooms as they are here are wanted at all. */
  readonly rooms: boolean;
  matches(entry: Entry, domain: string): boolean;
}

/** The form to fill in. */
export function searchForm(): Element {
  return withKey(FORM.form());
}

/** The keys by which results can be ordered have names that no choice of a form shape has: they are read by hand. */
function withKey(form: Element): Element {
  const option = (value: string, label: string) =>
    el("option", form.ns, { label }, [el("value", form.ns, {}, value)]);
  return form.plus(el("field", form.ns, { type: "list-single", var: "key", label: "Sort results by" }, [
    el("value", form.ns, {}, BY_USERS),
    option(BY_USERS, "Number of users"),
    option(BY_ADDRESS, "Address"),
  ]));
}

export function readSearch(search: Element, mayTakeAll: boolean): Wanted {
  const form = formOf(search, "submit");
  if (form === undefined) throw new StanzaError("bad-request", "a search is a form that is filled in");
  const read = FORM.read(form);
  if ("problems" in read) {
    throw new StanzaError(
      "bad-request",
      read.problems.map(({ text }) => text).join("; "),
    );
  }
  const { q = "", all = false, sinname = true, sindescription = true, sinaddress = true, types, min_users } =
    read.values;
  if (all && q !== "") {
    throw failed("bad-request", "modify", "conflicting-fields", "either all, or what is searched for");
  }
  if (all && !mayTakeAll) {
    throw failed("not-allowed", "cancel", "full-set-retrieval-rejected", "not all rooms are given at once");
  }
  if (!all && (q.trim() === "" || !(sinname || sindescription || sinaddress))) {
    throw failed(
      "bad-request",
      "cancel",
      "no-search-conditions",
      "nothing to search for, or nothing to search in",
    );
  }
  const words = all ? [] : wordsOf(q);
  return {
    words,
    least: min_users ?? 0,
    order: orderOf(form),
    rooms: types === undefined || types.length === 0 || types.includes("xep-0045"),
    matches: ({ room, title, description }, domain) => {
      const places = [
        sinname ? title : "",
        sindescription ? description : "",
        sinaddress ? `${room}@${domain}` : "",
      ].join("\n");
      const text = folded(places);
      return words.every((word) => text.includes(word));
    },
  };
}

function orderOf(form: Form): Wanted["order"] {
  const key = form.fields.find((field) => field.var === "key")?.values[0] ?? BY_USERS;
  if (key === BY_USERS) return "users";
  if (key === BY_ADDRESS) return "address";
  throw failed(
    "feature-not-implemented",
    "modify",
    "invalid-sort-key",
    "results are ordered by users or by address",
  );
}

function wordsOf(text: string): string[] {
  const words = folded(text).split(/\s+/).filter((word) => [...word].length >= SHORTEST).slice(0, WORDS);
  if (words.length === 0) {
    throw failed("bad-request", "modify", "invalid-search-terms", `words have at least ${SHORTEST} letters`);
  }
  return words;
}

function folded(text: string): string {
  return text.normalize("NFKC").toLowerCase();
}

export function failed(
  condition: ConstructorParameters<typeof StanzaError>[0],
  type: "modify" | "cancel" | "wait",
  particular: string,
  text: string,
  attrs: Readonly<Record<string, string>> = {},
): StanzaError {
  return new StanzaError(condition, text, { type, extra: [el(particular, ERROR_NS, attrs)] });
}
