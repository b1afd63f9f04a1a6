/** A service as other plugins see it: the verbs as methods. */
import type { Jid, PageRequest } from "#plugin";
import { affiliationOf, refusal } from "./access.ts";
import { affiliate } from "./affiliating.ts";
import type {
  Actor,
  Affiliation,
  CreateOptions,
  Draft,
  Item,
  ItemPage,
  NodeView,
  Order,
  PublishOptions,
  PubsubService,
  SubscriptionView,
  Verb,
} from "./api.ts";
import type { NodeConfig } from "./node_config.ts";
import { checkNumber, createNode } from "./creating.ts";
import { configureNode, deleteNode, purgeNode } from "./nodes.ts";
import { publish, retract } from "./publishing.ts";
import { findItem, lastItem, latestItems, readItems } from "./reading.ts";
import type { Service } from "./service.ts";
import { subscribe, unsubscribe } from "./subscribing.ts";

export class Face implements PubsubService {
  constructor(private readonly service: Service) {}

  get jid(): Jid {
    return this.service.jid;
  }
  get owner(): string {
    return this.service.owner;
  }

  node(name: string): NodeView | undefined {
    return this.service.find(name);
  }

  *nodes(beginning = ""): Iterable<NodeView> {
    // No name is after the last character there is.
    const from = beginning === "" ? {} : { after: beginning, before: `${beginning}\u{10ffff}` };
    for (const page of this.service.pages(from)) {
      for (const { node: name } of page) {
        const node = this.service.find(name);
        if (node !== undefined) yield node;
      }
    }
  }

  create(name: string, { by, config, limited }: CreateOptions = {}): NodeView {
    if (limited === true) checkNumber(this.service, by);
    return createNode(this.service, name, by, config);
  }
  configure(name: string, changes: Partial<NodeConfig>, by?: Actor): NodeView {
    return configureNode(this.service, name, by, changes);
  }
  delete(name: string, by?: Actor, uri?: string): void {
    deleteNode(this.service, name, by, uri);
  }
  purge(name: string, by?: Actor): void {
    purgeNode(this.service, name, by);
  }

  publish(node: string, draft: Draft | undefined, options?: PublishOptions): string | undefined {
    return publish(this.service, node, draft, options).id;
  }
  retract(node: string, ids: readonly string[], options?: { by?: Actor; tell?: boolean }): void {
    retract(this.service, node, ids, options);
  }
  item(node: string, id: string): Item | undefined {
    const known = this.service.find(node);
    return known && findItem(this.service, known, id);
  }
  last(node: string): Item | undefined {
    const known = this.service.find(node);
    return known && lastItem(this.service, known);
  }
  latest(node: string, limit: number): readonly Item[] {
    const known = this.service.find(node);
    return known === undefined ? [] : latestItems(this.service, known, limit).items;
  }
  items(node: string, request: PageRequest, limit: number, order?: Order): ItemPage {
    return readItems(this.service, this.service.get(node), request, limit, order);
  }

  subscribe(node: string, jid: Jid, by?: Actor): SubscriptionView {
    return subscribe(this.service, node, jid, by).subscription;
  }
  unsubscribe(node: string, jid: Jid, by?: Actor): void {
    unsubscribe(this.service, node, jid, by);
  }
  affiliation(node: string, jid: Jid): Affiliation {
    return affiliationOf(this.service, this.service.get(node), jid);
  }
  affiliate(node: string, jid: Jid, affiliation: Affiliation, by?: Actor): void {
    const { service } = this;
    service.change((change) => affiliate(service, change, service.get(node), jid, affiliation, by));
  }
  may(node: string, by: Actor, verb: Verb, publisher?: string): boolean {
    const known = this.service.find(node);
    return known !== undefined && refusal(this.service, known, by, verb, publisher) === undefined;
  }
}
