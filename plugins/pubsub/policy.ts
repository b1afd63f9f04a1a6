/** What one pubsub service asks of where it is: who is who, what its nodes are like, and who else wants to be told. */
import type { Jid } from "#plugin";
import type { Limits } from "./api.ts";
import type { NodeConfig } from "./node_config.ts";
import type { PubsubNode } from "./node.ts";
import type { Affiliation, Rights } from "./rights.ts";
import type { Show } from "./subscribe_options.ts";

export interface Policy {
  readonly rights: Rights;
  readonly limits: Limits;
  /** What a node of this name is like where its creator does not say otherwise. */
  defaults(node: string): NodeConfig;
  /** An affiliation somebody has without being on record, such as that of the account whose service it is. */
  standing(jid: Jid): Affiliation | undefined;
  /** Whether somebody may make a node of this name. */
  creates(jid: Jid, node: string): boolean;
  /** Whether publishing to a node that is not there makes it, and whether subscribing does. */
  readonly autocreate: { readonly publish: boolean; readonly subscribe: boolean };
  /** Why somebody may not have subscriptions here at all; undefined where that is no matter. */
  subscribes?(jid: Jid): string | undefined;
  /** Whether one of the owners lets somebody see their presence, or has them in one of these groups. */
  watches(owners: () => readonly Jid[], jid: Jid, groups?: readonly string[]): boolean;
  /** Groups that an owner may choose from. */
  groups?(owner: Jid): readonly string[];
  /** Whether somebody is to be told nothing, such as whom an account has blocked. */
  hides?(jid: Jid): boolean;
  /** Those who want to be told of a node without having subscribed, by full address. */
  audience?(node: PubsubNode): Iterable<Jid>;
  /**
   * Where a subscriber is: states of available devices by full address. Undefined where nothing is known of the subscriber.
   */
  whereabouts(jid: Jid): ReadonlyMap<string, Show> | undefined;
}
