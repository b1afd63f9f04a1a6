/** What is published to a push service (XEP-0357 §7). */
import {
  buildForm,
  CONTENT_NS,
  el,
  type Element,
  type Field,
  formTypeField,
  Jid,
  randomId,
  Stanza,
} from "#plugin";
import type { Call } from "./cause.ts";
import { ENCRYPT_NS, JINGLE_NS, OPTIONS_FORM, PRIORITY_NS, PUSH_NS } from "./enable_request.ts";
import { encrypt } from "./encryption.ts";
import type { Notice } from "./notice.ts";
import type { Registration } from "./registrations.ts";

const PUBSUB_NS = "http://jabber.org/protocol/pubsub";

/** The request that publishes it, from the host, as the service knows it. */
export async function publishing(
  registration: Registration,
  notice: Notice,
  host: Jid,
): Promise<Stanza> {
  const { jid, node, options } = registration;
  const item = el("item", PUBSUB_NS, { id: randomId() }, await notification(registration, notice));
  const published = el("publish", PUBSUB_NS, { node }, item);
  const wanted = options === undefined
    ? undefined
    : el("publish-options", PUBSUB_NS, {}, optionsForm(options));
  const payload = el("pubsub", PUBSUB_NS, {}, [published, wanted]);
  return Stanza.of(el("iq", CONTENT_NS, { type: "set", id: randomId() }, payload), host, Jid.parse(jid));
}

async function notification(registration: Registration, notice: Notice): Promise<Element> {
  const { cause } = notice;
  const sealed = registration.encrypt === undefined ? undefined : await encrypt(registration.encrypt, notice);
  // Who encrypts does not want to be read on the way: then nothing is said in clear.
  const said = sealed === undefined ? [summary(notice), registration.jingle && callElement(cause.call)] : [
    el(
      "encrypted",
      ENCRYPT_NS,
      { iv: sealed.iv, type: cause.type === "call" ? "voip" : undefined },
      sealed.data,
    ),
  ];
  return el("notification", PUSH_NS, {}, [
    ...said,
    registration.priority && el("priority", PRIORITY_NS, {}, "high"),
  ]);
}

function summary({ cause, messages, requests, open }: Notice): Element {
  const field = (name: string, value: string): Field => ({ var: name, values: [value] });
  const fields: Field[] = [formTypeField("urn:xmpp:push:summary")];
  if (messages > 0) fields.push(field("message-count", String(messages)));
  if (requests > 0) fields.push(field("pending-subscription-count", String(requests)));
  if (open.sender) fields.push(field("last-message-sender", cause.sender.toString()));
  if (open.body === "placeholder") fields.push(field("last-message-body", "New message"));
  else if (open.body === "always" && cause.body !== undefined) {
    fields.push(field("last-message-body", cause.body));
  }
  return buildForm({ type: "result", fields });
}

function callElement(call: Call | undefined): Element | undefined {
  if (call === undefined) return undefined;
  const media = call.media.map((kind) => el("media", JINGLE_NS, {}, kind));
  return el("jingle", JINGLE_NS, { action: "propose", sid: call.sid }, media);
}

function optionsForm(options: NonNullable<Registration["options"]>): Element {
  const fields = options.map(({ name, values }) => ({ var: name, values }));
  return buildForm({ type: "submit", fields: [formTypeField(OPTIONS_FORM), ...fields] });
}
