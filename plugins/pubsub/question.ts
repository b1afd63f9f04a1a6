/** Owners are asked about somebody who wants to subscribe (XEP-0060 §8.6). */
import { buildForm, CONTENT_NS, el, formTypeField, randomId, Stanza } from "#plugin";
import { ownersOf } from "./access.ts";
import { AUTHORIZATION_FORM } from "./names.ts";
import type { PubsubNode, Subscription } from "./node.ts";
import type { Change, Service } from "./service.ts";

/** Asks all owners; the first answer counts (§13.13). */
export function askOwners(
  service: Service,
  change: Change,
  node: PubsubNode,
  subscription: Subscription,
): void {
  change.tell({ stanza: question(service, node, subscription), to: ownersOf(service, node) });
}

/** The form for one who waits. */
export function question(service: Service, node: PubsubNode, { jid, subid }: Subscription): Stanza {
  const form = buildForm({
    type: "form",
    title: "Somebody wants to subscribe",
    instructions: [`Shall ${jid} be told what happens at "${node.config.title || node.name}"?`],
    fields: [
      formTypeField(AUTHORIZATION_FORM),
      { var: "pubsub#subid", type: "hidden", values: [subid] },
      { var: "pubsub#node", type: "text-single", label: "The node", values: [node.name] },
      { var: "pubsub#subscriber_jid", type: "jid-single", label: "Who", values: [jid.toString()] },
      { var: "pubsub#allow", type: "boolean", label: "Allow it", values: ["0"] },
    ],
  });
  return Stanza.of(el("message", CONTENT_NS, { id: randomId(9) }, [form]).with({}), service.jid);
}
