/** What a service says of its nodes (XEP-0060 §5.2 to §5.5): only of those that somebody may know of. */
import {
  buildDiscoInfo,
  buildDiscoItems,
  buildPageReport,
  type DiscoItem,
  type Element,
  formatDateTime,
  type Jid,
  pageRequestOf,
  readForm,
  RSM_NS,
  StanzaError,
} from "#plugin";
import { ownersOf, refusal } from "./access.ts";
import { metaDataForm } from "./config_form.ts";
import { noNode } from "./faults.ts";
import { PUBSUB_NS } from "./names.ts";
import type { PubsubNode } from "./node.ts";
import { readItems } from "./reading.ts";
import type { Service } from "./service.ts";

/** Nodes on a page, where nobody asks for pages too; items of a node. */
const PAGE = 200;
/** Owners and publishers that are named. */
const NAMED = 100;

export function mayFind(service: Service, node: PubsubNode, by: Jid): boolean {
  return refusal(service, node, by, "discover") === undefined;
}

/** The node as somebody may find it; throws what is said of one that is not there. */
export function foundNode(service: Service, name: string, by: Jid): PubsubNode {
  const node = service.get(name);
  if (!mayFind(service, node, by)) throw noNode();
  return node;
}

/** §5.3, §5.4. */
export function nodeInfo(service: Service, node: PubsubNode): Element {
  const form = readForm(metaData(service, node))!;
  return buildDiscoInfo(
    {
      identities: [{ category: "pubsub", type: "leaf", name: node.config.title || undefined }],
      features: [PUBSUB_NS],
      forms: [form],
    },
    node.name,
  );
}

function metaData(service: Service, node: PubsubNode): Element {
  const publishers = [...node.affiliated("publisher"), ...node.affiliated("publish-only")];
  let subscribers = 0;
  for (const { state } of node.subscriptions.values()) if (state === "subscribed") subscribers++;
  return metaDataForm(node.config, {
    creator: node.creator,
    creation_date: formatDateTime(node.created),
    owners: ownersOf(service, node).slice(0, NAMED).map(String),
    publishers: publishers.slice(0, NAMED),
    num_subscribers: subscribers,
  });
}

/** §5.5: the node's items by their ids. */
export function nodeItems(service: Service, node: PubsubNode, by: Jid, payload: Element): Element {
  const request = pageRequestOf(payload);
  if (request === undefined) throw new StanzaError("bad-request", "the page asked for makes no sense");
  // That there are items is for those who may read them.
  if (refusal(service, node, by, "retrieve") !== undefined) return buildDiscoItems([], node.name);
  const page = readItems(service, node, request, PAGE);
  const jid = service.jid.toString();
  const items = page.items.map(({ id }) => ({ jid, name: id }));
  const told = page.truncated || payload.has("set", RSM_NS);
  return buildDiscoItems(items, node.name, told ? buildPageReport(page.report) : undefined);
}

/** §5.2: the nodes that somebody may know of, by name, a page at a time. */
export function nodeList(service: Service, by: Jid, payload: Element): Element {
  const request = pageRequestOf(payload);
  if (request === undefined || request.index !== undefined) {
    throw new StanzaError("bad-request", "the page asked for makes no sense here");
  }
  const size = Math.min(request.max ?? PAGE, PAGE);
  const backwards = request.before !== undefined;
  const found: DiscoItem[] = [];
  for (const item of visible(service, by, request, backwards)) {
    found.push(item);
    if (found.length > size) break;
  }
  const more = found.length > size;
  if (more) found.length = size;
  if (backwards) found.reverse();
  if (!more && !payload.has("set", RSM_NS)) return buildDiscoItems(found);
  return buildDiscoItems(
    found,
    undefined,
    buildPageReport({ first: found[0]?.node, last: found.at(-1)?.node }),
  );
}

function* visible(
  service: Service,
  by: Jid,
  { after, before }: { after?: string | undefined; before?: string | undefined },
  backwards: boolean,
): Iterable<DiscoItem> {
  const from = {
    ...(after === undefined ? {} : { after }),
    ...(before === undefined || before === "" ? {} : { before }),
  };
  const jid = service.jid.toString();
  for (const page of service.pages(from, backwards)) {
    for (const row of page) {
      const node = service.read(row);
      if (mayFind(service, node, by)) yield { jid, node: row.node, name: node.config.title || undefined };
    }
  }
}
