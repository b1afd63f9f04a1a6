/** Owners decide on subscriptions by a form they send back (XEP-0060 §8.6). */
import { booleanOf, type Form, formOf, formTypeOf, Jid, type Stanza, valueOf } from "#plugin";
import { type Actor, demand } from "./access.ts";
import { AUTHORIZATION_FORM } from "./names.ts";
import type { Service } from "./service.ts";
import { decide } from "./subscribing.ts";

/** The form in a message that answers such a question, if it is one. */
export function answerOf(stanza: Stanza): Form | undefined {
  if (stanza.isError) return undefined;
  const form = formOf(stanza.source);
  const ours = form !== undefined && formTypeOf(form) === AUTHORIZATION_FORM;
  return ours && (form.type === "submit" || form.type === "cancel") ? form : undefined;
}

/** Does what an owner has decided; a form that was cancelled leaves it open. */
export function takeAnswer(service: Service, form: Form, by: Actor): void {
  if (form.type === "cancel") return;
  const jid = Jid.tryParse(valueOf(form, "pubsub#subscriber_jid") ?? "");
  const allow = booleanOf(valueOf(form, "pubsub#allow")?.trim());
  const node = service.get(valueOf(form, "pubsub#node") ?? "");
  demand(service, node, by, "manage");
  if (jid === undefined || allow === undefined) return;
  const subscription = node.subscription(jid);
  // Another owner may have been faster.
  if (subscription === undefined || subscription.state !== "pending") return;
  service.change((change) => decide(service, change, node, jid, allow ? "subscribed" : "none", by));
}
