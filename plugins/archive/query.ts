/** What a query asks for (XEP-0313 §4): the form's fields, the page, and how its results are to be sent. */
import {
  type ArchiveFilter,
  buildForm,
  el,
  type Element,
  type Field,
  formOf,
  formTypeField,
  formTypeOf,
  Jid,
  pageRequestOf,
  parseDateTime,
  RSM_NS,
  StanzaError,
} from "#plugin";
import { MAM_NS } from "./names.ts";

/** XEP-0431. */
export const FULLTEXT_NS = "urn:xmpp:fulltext:0";
const FULLTEXT_FIELDS: ReadonlySet<string> = new Set([`{${FULLTEXT_NS}}fulltext`, "withtext"]);

/** Ids that may be asked for at once. */
const MOST_IDS = 1_000;

export interface ArchiveQuery {
  readonly id: string | undefined;
  readonly filter: ArchiveFilter;
  /** How many; 0 asks for their number alone. */
  readonly max: number | undefined;
  readonly after: string | undefined;
  /** "" is the last page. */
  readonly before: string | undefined;
  readonly index: number | undefined;
  /** The newest of the page first. */
  readonly flipped: boolean;
}

/** Reads a `<query/>`; throws the StanzaError that answers what makes no sense. */
export function readQuery(query: Element, search: boolean): ArchiveQuery {
  if (query.attr("node") !== undefined) {
    throw new StanzaError("feature-not-implemented", "the archives of nodes cannot be asked");
  }
  const { max, after, before, index } = readPage(query);
  return {
    id: query.attr("queryid"),
    filter: readFilter(query, search),
    max,
    after,
    before,
    index,
    flipped: query.has("flip-page"),
  };
}

/** XEP-0059, where an empty `<max/>` asks for as many as there usually are. */
function readPage(query: Element) {
  const set = query.child("set", RSM_NS);
  const open = set?.childText("max")?.trim() === "";
  const page = pageRequestOf(
    open ? query.withChildren([set!.without((child) => child.name === "max")]) : query,
  );
  if (page === undefined) throw new StanzaError("bad-request", "the page asked for makes no sense");
  return page;
}

function readFilter(query: Element, search: boolean): ArchiveFilter {
  const form = formOf(query);
  if (form === undefined) return {};
  if (form.type !== "submit" || formTypeOf(form) !== MAM_NS) {
    throw new StanzaError("bad-request", `the form is to be submitted, with the FORM_TYPE ${MAM_NS}`);
  }
  let filter: ArchiveFilter = {};
  for (const field of form.fields) filter = { ...filter, ...readField(field, search) };
  return filter;
}

function readField(field: Field, search: boolean): ArchiveFilter {
  const name = field.var ?? "";
  const value = field.values[0] ?? "";
  if (name === "FORM_TYPE") return {};
  if (FULLTEXT_FIELDS.has(name) && search) return value.trim() === "" ? {} : { text: value };
  const read = FIELDS.get(name);
  if (read === undefined) {
    throw new StanzaError("feature-not-implemented", `there is no field "${name.slice(0, 80)}" here`);
  }
  // A field that was left empty restricts nothing.
  return value === "" ? {} : read(value, field.values);
}

type Reading = (value: string, all: readonly string[]) => ArchiveFilter;

const FIELDS: ReadonlyMap<string, Reading> = new Map<string, Reading>([
  ["with", (value) => {
    const jid = Jid.tryParse(value);
    if (jid === undefined) throw new StanzaError("jid-malformed", `"${value.slice(0, 80)}" is no address`);
    const bare = jid.bare.toString();
    return jid.resource === "" ? { with: bare } : { with: bare, resource: jid.resource };
  }],
  ["start", (value) => ({ from: time(value) })],
  ["end", (value) => ({ to: time(value) })],
  ["after-id", (value) => ({ afterId: value })],
  ["before-id", (value) => ({ beforeId: value })],
  ["ids", (_, all) => {
    if (all.length > MOST_IDS) {
      throw new StanzaError("policy-violation", `at most ${MOST_IDS} ids can be asked for at once`);
    }
    return { ids: [...new Set(all)] };
  }],
  // Rooms keep what is said in them, so either answer is the same (XEP-0313 §4.1.4).
  ["include-groupchat", () => ({})],
]);

function time(text: string): number {
  const at = parseDateTime(text.trim());
  if (at === undefined) {
    throw new StanzaError("bad-request", `"${text.slice(0, 80)}" is no time such as 2010-06-07T00:00:00Z`);
  }
  return at;
}

/** The form to fill in (XEP-0313 §4.1.5). */
export function queryForm(search: boolean): Element {
  const open = el("validate", VALIDATE_NS, { datatype: "xs:string" }, [el("open", VALIDATE_NS)]);
  const single = (name: string): Field => ({ var: name, type: "text-single", values: [] });
  const fields: Field[] = [
    formTypeField(MAM_NS),
    { var: "with", type: "jid-single", values: [] },
    single("start"),
    single("end"),
    single("before-id"),
    single("after-id"),
    { var: "ids", type: "list-multi", values: [], extra: [open] },
    { var: "include-groupchat", type: "boolean", values: [] },
    ...(search ? [...FULLTEXT_FIELDS].map(single) : []),
  ];
  return el("query", MAM_NS, {}, [buildForm({ type: "form", fields })]);
}

const VALIDATE_NS = "http://jabber.org/protocol/xdata-validate";
