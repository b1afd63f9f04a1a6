/** The errors of XEP-0060, each with its own condition beside the one of RFC 6120 (§12, and where each is described). */
import { type Condition, el, type ErrorType, StanzaError } from "#plugin";
import { ERRORS_NS } from "./names.ts";

function fault(
  condition: Condition,
  own: string | undefined,
  text: string,
  details: { type?: ErrorType; feature?: string } = {},
): StanzaError {
  const extra = own === undefined ? [] : [el(own, ERRORS_NS, { feature: details.feature })];
  return new StanzaError(condition, text, {
    extra,
    ...(details.type === undefined ? {} : { type: details.type }),
  });
}

export const noNode = () => fault("item-not-found", undefined, "there is no such node");
export const noItem = () => fault("item-not-found", undefined, "the node has no such item");
export const nodeExists = () => fault("conflict", undefined, "there is such a node already");
export const forbidden = (text = "this is not for you to do") => fault("forbidden", undefined, text);
export const badRequest = (text: string) => fault("bad-request", undefined, text);
export const notAcceptable = (text: string) => fault("not-acceptable", undefined, text);
export const nodeIdRequired = (condition: "bad-request" | "not-acceptable" = "bad-request") =>
  fault(condition, "nodeid-required", "name a node");
export const jidRequired = () => fault("bad-request", "jid-required", "say whose subscription it is");
export const invalidJid = () => fault("bad-request", "invalid-jid", "that is not your address");
export const itemRequired = () => fault("bad-request", "item-required", "there must be an item");
export const itemForbidden = () =>
  fault("bad-request", "item-forbidden", "the node tells of events only: publish without an item");
export const payloadRequired = () => fault("bad-request", "payload-required", "the item must have a payload");
export const invalidPayload = (text: string) => fault("bad-request", "invalid-payload", text);
export const payloadTooBig = (most: number) =>
  fault("not-acceptable", "payload-too-big", `a payload may have at most ${most} bytes here`);
export const nodeFull = () => fault("conflict", "node-full", "the node is full");
export const invalidOptions = (text: string) => fault("bad-request", "invalid-options", text);
export const preconditionNotMet = (fields: readonly string[]) =>
  fault("conflict", "precondition-not-met", `the node is configured differently: ${fields.join(", ")}`);
export const unsupportedAccessModel = () =>
  fault("not-acceptable", "unsupported-access-model", "the service has no such access model");
export const unsupported = (feature: string, text = `"${feature}" is not supported here`) =>
  fault("feature-not-implemented", "unsupported", text, { feature });
export const presenceRequired = () =>
  fault("not-authorized", "presence-subscription-required", "subscribe to the owner's presence first");
export const notInGroup = () =>
  fault("not-authorized", "not-in-roster-group", "the owner has not put you into one of the groups");
export const closedNode = () => fault("not-allowed", "closed-node", "the node is for chosen people");
export const notSubscribed = () => fault("not-authorized", "not-subscribed", "the node is for subscribers");
export const pending = () =>
  fault("not-authorized", "pending-subscription", "the owner has not decided on your subscription yet");
export const noSubscription = () =>
  fault("unexpected-request", "not-subscribed", "there is no such subscription", { type: "cancel" });
export const invalidSubid = () =>
  fault("not-acceptable", "invalid-subid", "the subscription has another identifier");
export const tooManySubscriptions = (most: number) =>
  fault("policy-violation", "too-many-subscriptions", `at most ${most} subscriptions are kept`, {
    type: "wait",
  });
export const noSpace = (most: number) =>
  new StanzaError("resource-constraint", `what is kept here may have at most ${most} bytes in all`);
export const tooManyNodes = (most: number) =>
  fault("policy-violation", "max-nodes-exceeded", `at most ${most} nodes are kept`, { type: "wait" });
export const moved = (uri: string) => new StanzaError("gone", "the node has moved", { uri, type: "modify" });
