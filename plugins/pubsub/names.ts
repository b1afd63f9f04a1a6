/** The namespaces of XEP-0060 and the names in them. */

export const PUBSUB_NS = "http://jabber.org/protocol/pubsub";
export const OWNER_NS = `${PUBSUB_NS}#owner`;
export const EVENT_NS = `${PUBSUB_NS}#event`;
export const ERRORS_NS = `${PUBSUB_NS}#errors`;
export const NODE_CONFIG_FORM = `${PUBSUB_NS}#node_config`;
export const META_DATA_FORM = `${PUBSUB_NS}#meta-data`;
export const PUBLISH_OPTIONS_FORM = `${PUBSUB_NS}#publish-options`;
export const SUBSCRIBE_OPTIONS_FORM = `${PUBSUB_NS}#subscribe_options`;
export const AUTHORIZATION_FORM = `${PUBSUB_NS}#subscribe_authorization`;
/** The ad-hoc command of §8.7. */
export const GET_PENDING = `${PUBSUB_NS}#get-pending`;
/** XEP-0413. */
export const ORDER_NS = "urn:xmpp:order-by:1";

/** A feature of §11 by its short name. */
export function feature(name: string): string {
  return `${PUBSUB_NS}#${name}`;
}
