/**
 * XEP-0258: labels that say to whom a message may go, chosen from a catalog, and held to. On a host of people what leaves and
 * what arrives is judged, in rooms what is said: it goes to those who may see it, and where those are not all, it is kept
 * nowhere, since who reads later may be somebody else. Subjects and errors bear no labels.
 */
import {
  arriving,
  CLAIMED,
  CONTENT_NS,
  definePlugin,
  defineService,
  departing,
  el,
  type Element,
  type HostScope,
  Jid,
  type Maybe,
  type Query,
  randomId,
  Stanza,
  StanzaError,
  withoutStanzaIds,
} from "#plugin";
import { roster } from "../im/api.ts";
import { type Occupant, type Room, type Rooms, rooms, type Saying, saying, whispering } from "../muc/api.ts";
import { Catalog, CATALOG_NS, LABEL_NS, type Marked } from "./labels_catalog.ts";
import { type End, grants, isCleared, isForAll, type Knowledge } from "./labels_decision.ts";
import {
  type Label,
  type LabelOptions,
  labelOptions,
  LABELS_OF_ROOMS,
  labelsOfPeople,
  type Policy,
} from "./labels_options.ts";

const PATIENCE = 20_000;

/** The labels of a host, for the other hosts of its server. */
interface LabelBook {
  write(to: Jid | undefined, from: Jid): Element;
  /** Whether the host holds a message to its label. */
  knows(message: Element): boolean;
}

const labelBook = defineService<LabelBook>("security labels");

export const secLabels = definePlugin({
  name: "sec_labels",
  doc: "Labels that say to whom messages may go, and are held to.",
  xeps: [[258, "1.1.1"]],
  config: labelOptions,
  hosts: ["user", "muc"],
  provides: [labelBook],
  wants: [rooms, roster],
  setup(host) {
    host.feature(LABEL_NS, CATALOG_NS);
    const book = host.find(rooms);
    if (book === undefined) amongPeople(host);
    else inRooms(host, book);
  },
});

function amongPeople(host: HostScope<LabelOptions>): void {
  const catalog = new Catalog(host.config, host.config.labels ?? labelsOfPeople(host.domain));
  const contacts = host.find(roster);
  const areContacts = (one: Jid, other: Jid): boolean => {
    const [own, them] = one.domain === host.domain ? [one, other] : [other, one];
    if (contacts === undefined || own.domain !== host.domain) return false;
    return contacts.sees(own.local, them.bare) || contacts.watches(own.local, them.bare);
  };
  const judge = (stanza: Stanza): StanzaError | undefined => {
    const { from, to, type } = stanza;
    if (type === "error" || from === undefined || to === undefined) return undefined;
    const marked = catalog.read(stanza.source);
    // Who is in a room of this server only the room knows: it judges them, where it has the label, too.
    const service = [to, from].map(({ domain }) => roomsOf(host, domain)).find((it) => it !== undefined);
    if (!marked.known) return service === undefined ? unknown(host) : undefined;
    const room = service?.use(labelBook)?.knows(stanza.source) === true;
    const knowledge = { ...knowledgeOf(host, type), areContacts };
    const denied = marked.labels.find(({ policy }) => {
      const asked = room && policy !== undefined
        ? { ...policy, affiliations: undefined, people: undefined }
        : policy;
      return !grants(asked, { jid: from }, { jid: to }, knowledge);
    });
    return denied === undefined ? undefined : violation(denied);
  };
  host.at(departing).guard({ kind: "message" }, ({ stanza }) => judge(stanza));
  host.at(departing).amend({ kind: "message" }, ({ stanza }) => honest(catalog, stanza));
  host.at(arriving).guard({ kind: "message", to: "account" }, ({ stanza }) => judge(stanza));
  host.at(arriving).guard({ kind: "message", to: "resource" }, ({ stanza }) => judge(stanza));
  // §5.3: presence bears none.
  host.at(departing).guard(
    { kind: "presence" },
    ({ stanza }) =>
      stanza.source.has("securitylabel", LABEL_NS)
        ? new StanzaError("bad-request", "presence has no security label")
        : undefined,
  );
  const write = (to: Jid | undefined): Element => catalog.write(to?.toString(), () => true);
  host.provide(labelBook, { write, knows: (message) => catalog.read(message).known });
  const give = (query: Query): Maybe<Element> => catalogFor(host, query, write);
  for (const to of ["host", "own"] as const) host.iq.get(CATALOG_NS, "catalog", to, give);
}

/** §4: the server of the asker answers for all addresses, and asks other servers where it has to. */
function catalogFor(
  host: HostScope<unknown>,
  { payload, from, session }: Query,
  write: (to: Jid | undefined) => Element,
): Maybe<Element> {
  const text = payload.attr("to");
  const to = text === undefined ? undefined : Jid.tryParse(text);
  if (text !== undefined && to === undefined) {
    throw new StanzaError("jid-malformed", "'to' is not an address");
  }
  if (to === undefined || to.domain === host.domain) return write(to);
  const sibling = host.sibling(to.domain);
  if (sibling !== undefined) {
    const book = sibling.use(labelBook);
    if (book === undefined) throw new StanzaError("item-not-found", "there are no labels for this address");
    return book.write(to, from);
  }
  if (session === undefined) {
    throw new StanzaError("forbidden", "the catalogs of others are for people of this server");
  }
  const asked = el("catalog", CATALOG_NS, { to: text, from: from.bare.toString() });
  const iq = el("iq", CONTENT_NS, { type: "get", id: randomId() }, [asked]);
  return host.request(Stanza.of(iq, host.jid, Jid.parse(to.domain)), PATIENCE).then((answer) => {
    if (answer?.ns !== CATALOG_NS || answer.name !== "catalog") throw new StanzaError("item-not-found");
    return answer.with({ to: text });
  }, () => {
    throw new StanzaError("item-not-found", "there is no catalog for this address");
  });
}

function inRooms(host: HostScope<LabelOptions>, book: Rooms): void {
  const catalog = new Catalog(host.config, host.config.labels ?? LABELS_OF_ROOMS);
  host.at(saying).guard({ kind: "message" }, (x) => {
    const knowledge = knowledgeOf(host, "groupchat");
    const marked = markedOf(catalog, x);
    if (marked === undefined || x.occupant === undefined) return undefined;
    if (!marked.known) return unknown(host);
    const from = endOf(x.occupant);
    // Receivers are looked at one by one: here both ends are who speaks.
    const denied = marked.labels.find(({ policy }) => !grants(policy, from, from, knowledge));
    return denied === undefined ? undefined : violation(denied);
  });
  host.at(saying).amend(
    { kind: "message" },
    ({ stanza, subject }) => subject ? undefined : honest(catalog, stanza),
  );
  host.at(saying).claim({ kind: "message" }, (x) => {
    const policies = (markedOf(catalog, x)?.labels ?? []).map(({ policy }) => policy)
      .filter((policy): policy is Policy => policy !== undefined && !isForAll(policy));
    if (policies.length === 0) return undefined;
    const knowledge = knowledgeOf(host, "groupchat");
    const { room, stanza } = x;
    // It is not in the archive: nobody can ask for it by a name.
    const out = stanza.containing(withoutStanzaIds(stanza.source, room.jid)).addressed(undefined);
    book.distribute(room, out, (to) => policies.every((policy) => isCleared(policy, endOf(to), knowledge)));
    return CLAIMED;
  });
  host.at(whispering).guard({ kind: "message" }, ({ stanza, occupant, target }) => {
    const marked = catalog.read(stanza.source);
    if (!marked.known) return unknown(host);
    const knowledge = knowledgeOf(host, "chat");
    const denied = marked.labels.find(({ policy }) =>
      !grants(policy, endOf(occupant), endOf(target), knowledge)
    );
    return denied === undefined ? undefined : violation(denied);
  });
  host.at(whispering).amend({ kind: "message" }, ({ stanza }) => honest(catalog, stanza));
  const write = (to: Jid | undefined, from: Jid): Element => {
    const room = to === undefined || to.local === "" ? undefined : book.find(to.local);
    return catalog.write(to?.toString(), (label) => mayUse(label, room, from));
  };
  host.provide(labelBook, { write, knows: (message) => catalog.read(message).known });
  host.iq.get(CATALOG_NS, "catalog", "host", ({ from }) => write(undefined, from));
  book.get(host, CATALOG_NS, "catalog", ({ room, from }) => write(room.jid, from));
  book.disco(host, { features: () => [LABEL_NS, CATALOG_NS] });
}

/** §4: a catalog has what its reader may use. */
function mayUse({ policy }: Label, room: Room | undefined, from: Jid): boolean {
  if (room === undefined || policy?.affiliations === undefined) return true;
  return (policy.affiliations as readonly string[]).includes(room.affiliation(from));
}

/** §5.2.6: subjects are not judged. */
function markedOf(catalog: Catalog, { stanza, subject }: Readonly<Saying>): Marked | undefined {
  return subject ? undefined : catalog.read(stanza.source);
}

function honest(catalog: Catalog, stanza: Stanza): Stanza | undefined {
  if (stanza.isError || !stanza.source.has("securitylabel", LABEL_NS)) return undefined;
  return stanza.containing(catalog.honest(stanza.source, catalog.read(stanza.source)));
}

function endOf({ account, affiliation }: Occupant): End {
  return { jid: account, affiliation };
}

function knowledgeOf(host: HostScope<unknown>, type: string): Knowledge {
  return {
    type,
    parentOf: (domain) =>
      roomsOf(host, domain) !== undefined ? domain.slice(domain.indexOf(".") + 1) : undefined,
  };
}

/** Another host of this server, where it has rooms. */
function roomsOf(host: HostScope<unknown>, domain: string): ReturnType<HostScope<unknown>["sibling"]> {
  const sibling = domain === host.domain ? undefined : host.sibling(domain);
  return sibling?.use(rooms) === undefined ? undefined : sibling;
}

/** A label that nobody here knows stands for nothing that could be held to. */
function unknown(host: HostScope<LabelOptions>): StanzaError | undefined {
  return host.config.restrictive
    ? new StanzaError("policy-violation", "this label is not in the catalog", { type: "cancel" })
    : undefined;
}

function violation({ selector }: Label): StanzaError {
  return new StanzaError(
    "policy-violation",
    `the label "${selector.split("|").at(-1)}" does not allow this`,
    {
      type: "cancel",
    },
  );
}
