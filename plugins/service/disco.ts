/** XEP-0030: what the host and its accounts are, can do and have. Plugins add to it; this one answers. */
import {
  buildDiscoInfo,
  buildDiscoItems,
  buildPageReport,
  definePlugin,
  DISCO_INFO_NS,
  DISCO_ITEMS_NS,
  type DiscoItem,
  type Element,
  type HostScope,
  isPromise,
  type Item,
  Jid,
  type Maybe,
  options,
  pageOf,
  pageRequestOf,
  type Query,
  RSM_NS,
  StanzaError,
  text,
  z,
} from "#plugin";
import { type Availability, availability, roster, type Rosters } from "../im/api.ts";
import { type Privacy, privacy } from "../privacy/api.ts";
import { gather, infoOf } from "./disco_info.ts";

/** Items on one page, where a client asks for pages (XEP-0059). */
const PAGE = 100;

const address = text().refine((it) => Jid.tryParse(it) !== undefined, { error: "expected an address" });

const config = options({
  items: z.array(z.strictObject({ jid: address, node: text().optional(), name: text().optional() })).default(
    [],
  )
    .describe("More services to list, beside those of this host."),
  hidden: z.array(address).default([]).describe("Services that are not listed, by their address."),
});

export const disco = definePlugin({
  name: "disco",
  doc: "Says what the server and its accounts are, what they can do, and which services there are.",
  xeps: [[30, "2.5.0"], [128, "1.0.1"], [59, "1.0"]],
  config,
  hosts: ["user", "component"],
  standard: true,
  wants: [roster, availability, privacy],
  setup(host) {
    host.feature(RSM_NS);
    const discovery = new Discovery(host, host.find(roster), host.find(availability), host.find(privacy));
    for (const on of ["host", "account"] as const) {
      host.iq.get(DISCO_INFO_NS, "query", on, (query) => discovery.info(on, query));
      host.iq.get(DISCO_ITEMS_NS, "query", on, (query) => discovery.items(on, query));
    }
  },
});

class Discovery {
  readonly #hidden: ReadonlySet<string>;
  readonly #listed: readonly DiscoItem[];

  constructor(
    private readonly host: HostScope<z.infer<typeof config>>,
    private readonly rosters: Rosters | undefined,
    private readonly availability: Availability | undefined,
    private readonly privacy: Privacy | undefined,
  ) {
    this.#hidden = new Set(host.config.hidden.map((text) => Jid.parse(text).toString()));
    this.#listed = host.config.items.map((item) => ({ ...item, jid: Jid.parse(item.jid).toString() }));
  }

  info(on: "host" | "account", query: Query): Maybe<Element> {
    const node = this.#node(on, query);
    const about = { about: query.to, from: query.from, node };
    const answer = (info: Awaited<ReturnType<typeof infoOf>>): Element => {
      if (info === undefined) throw unknownNode();
      return buildDiscoInfo(info, node);
    };
    const info = infoOf(this.host, on, about);
    return isPromise(info) ? info.then(answer) : answer(info);
  }

  items(on: "host" | "account", query: Query): Maybe<Element> {
    const node = this.#node(on, query);
    const about = { about: query.to, from: query.from, node };
    const answer = (found: readonly Item[] | undefined): Element => {
      if (node !== undefined) {
        // BUG-54: a node that is not there is an error, one that is empty is not.
        if (found === undefined) throw unknownNode();
        return paged(found, node, query.payload);
      }
      const own = on === "host" ? this.#services() : this.#devices(query.to, query.from);
      return paged([...own, ...(found ?? [])], undefined, query.payload);
    };
    const found = gather(this.host.discoBook[on].providers, (p) => p.items?.(about));
    return isPromise(found) ? found.then(answer) : answer(found);
  }

  /** The node asked for, after whether the sender may ask. */
  #node(on: "host" | "account", { from, to, payload }: Query): string | undefined {
    // XEP-0030 §8: strangers learn of an account as much as of one that does not exist.
    if (on === "account" && !from.bare.equals(to) && this.rosters?.sees(to.local, from) !== true) {
      throw new StanzaError("service-unavailable");
    }
    const node = payload.attr("node");
    return node === "" ? undefined : node;
  }

  #services(): DiscoItem[] {
    const children = [...this.host.children()].map(({ domain, name }) => ({ jid: domain, name }));
    return [...children, ...this.#listed].filter((item) => !this.#hidden.has(item.jid));
  }

  /** Presence by another way: not for those whom it is kept from. */
  #devices(account: Jid, from: Jid): DiscoItem[] {
    const sessions = this.availability?.sessions(account.local) ?? [];
    return sessions.filter((session) => this.privacy?.hides(account.local, from, session) !== true)
      .map((session) => ({ jid: session.jid!.toString() }));
  }
}

function paged(items: readonly DiscoItem[], node: string | undefined, payload: Element): Element {
  if (!payload.has("set", RSM_NS)) return buildDiscoItems(items, node);
  const request = pageRequestOf(payload);
  if (request === undefined) throw new StanzaError("bad-request", "the page asked for makes no sense");
  const page = pageOf(items, ({ jid, node }) => node === undefined ? jid : `${jid} ${node}`, request, PAGE);
  if (page === undefined) throw new StanzaError("item-not-found", "there is no such item to page from");
  return buildDiscoItems(page.items, node, buildPageReport(page.report));
}

function unknownNode(): StanzaError {
  return new StanzaError("item-not-found", "there is no such node");
}
