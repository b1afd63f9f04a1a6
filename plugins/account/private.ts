/** XEP-0049: small pieces of XML that a client keeps at its account, such as preferences. Nobody else sees them. */
import {
  accountRemoved,
  definePlugin,
  type Element,
  type HostScope,
  Lru,
  map,
  type MapStore,
  NotYours,
  options,
  parseXml,
  type Query,
  sessionBound,
  size,
  StanzaError,
  utf8Length,
  z,
} from "#plugin";
import { type PrivatePlace, privatePlace } from "./api.ts";

const NS = "jabber:iq:private";
/** Accounts that need not be looked at again. */
const REMEMBERED = 10_000;

/** By `{namespace}name` of the root element. */
export const privateElements = map<string>("private");

const config = options({
  elements: z.number().int().min(1).default(100).describe("Elements that an account may keep."),
  size: size().prefault("256 KiB").describe("What all of an account's elements may take up."),
});

export const privateStorage = definePlugin({
  name: "private",
  doc: "Keeps small pieces of XML for clients, such as their preferences.",
  xeps: [[49, "1.2"]],
  config,
  standard: true,
  wants: [privatePlace],
  setup(host) {
    const place = host.find(privatePlace);
    const storage = new PrivateStorage(host, place);
    host.feature(NS);
    host.accountFeature(...place?.features ?? []);
    if (place !== undefined) {
      host.on(sessionBound, ({ session }): undefined => storage.hand(session.username));
    }
    host.iq.get(NS, "query", "own", (query) => storage.get(query));
    host.iq.set(NS, "query", "own", (query) => storage.set(query));
    for (const type of ["get", "set"] as const) {
      host.iq[type](NS, "query", "account", () => {
        throw new NotYours("this is private");
      });
    }
  },
});

class PrivateStorage {
  readonly #store: MapStore<string>;
  /** Accounts that have nothing here of what has another place: nothing more of it comes. */
  readonly #handed = new Lru<string, true>(REMEMBERED);

  constructor(
    private readonly host: HostScope<z.infer<typeof config>>,
    /** Where some of them are kept instead. */
    private readonly place: PrivatePlace | undefined,
  ) {
    this.#store = host.open(privateElements);
    // Another account of that name may be brought along from elsewhere.
    host.on(accountRemoved, ({ local }): undefined => void this.#handed.delete(local));
  }

  #isElsewhere(key: string): boolean {
    return this.place?.keys.includes(key) === true;
  }

  /** What has another place now and is still here goes there. */
  hand(local: string): undefined {
    if (this.#handed.get(local) !== undefined) return;
    let left = false;
    for (const key of this.place?.keys ?? []) {
      const text = this.#store.get(local, key);
      if (text === undefined) continue;
      if (this.place?.adopt(local, key, parseXml(text)) === true) this.#store.set(local, key, undefined);
      else left = true;
    }
    if (!left) this.#handed.set(local, true);
  }

  get({ to, payload }: Query): Element {
    const wanted = rootsOf(payload);
    if (wanted.some((element) => element.ns !== wanted[0]!.ns)) {
      throw new StanzaError("bad-request", "one namespace is asked for at a time");
    }
    return payload.withChildren(wanted.map((element) => {
      const key = keyOf(element);
      if (this.#isElsewhere(key)) return this.place?.get(to.local, key) ?? element;
      const text = this.#store.get(to.local, key);
      // What was never kept is given back as it was asked for, empty.
      return text === undefined ? element : parseXml(text);
    }));
  }

  set({ to, payload }: Query): undefined {
    const { local } = to;
    const every = rootsOf(payload);
    const elsewhere = (element: Element) => this.#isElsewhere(keyOf(element));
    const roots = every.filter((element) => !elsewhere(element));
    const all = new Map(this.#store.entries(local));
    for (const element of roots) all.set(keyOf(element), isEmpty(element) ? "" : element.toString());
    let count = 0;
    let bytes = 0;
    for (const text of all.values()) {
      if (text !== "") count++;
      bytes += utf8Length(text);
    }
    const { elements, size } = this.host.config;
    if (count > elements || bytes > size) {
      throw new StanzaError(
        "policy-violation",
        `at most ${elements} elements of ${size} bytes in all are kept`,
      );
    }
    this.host.atomic(() => {
      for (const element of roots) {
        const text = all.get(keyOf(element));
        this.#store.set(local, keyOf(element), text === "" ? undefined : text);
      }
      for (const element of every) if (elsewhere(element)) this.place?.set(local, keyOf(element), element);
    });
  }
}

/** The elements a request is about, which have a namespace of their own (XEP-0049 §2.3). */
function rootsOf(payload: Element): Element[] {
  const roots = payload.elements();
  if (roots.length === 0 || roots.some((element) => element.ns === NS || element.ns === "")) {
    throw new StanzaError("not-acceptable", "name an element with a namespace of its own");
  }
  return roots;
}

function keyOf(element: Element): string {
  return `{${element.ns}}${element.name}`;
}

function isEmpty(element: Element): boolean {
  return element.children.length === 0 && Object.keys(element.attrs).length === 0;
}
