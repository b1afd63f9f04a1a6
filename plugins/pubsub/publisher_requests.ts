/** Requests of publishers: publish, retract, create (XEP-0060 §7, §8.1). */
import {
  booleanOf,
  CLAIMED,
  DROP,
  el,
  type Element,
  type Form,
  isPromise,
  readForm,
  StanzaError,
} from "#plugin";
import { readConfig, readPreconditions } from "./config_form.ts";
import {
  badRequest,
  invalidOptions,
  invalidPayload,
  itemRequired,
  nodeIdRequired,
  notAcceptable,
} from "./faults.ts";
import { type Draft, type Publishing, publishing } from "./api.ts";
import { PUBSUB_NS } from "./names.ts";
import type { NodeConfig } from "./node_config.ts";
import { createNode } from "./creating.ts";
import { publish, retract } from "./publishing.ts";
import type { Request, Responder } from "./request.ts";

export const publisherSets: Readonly<Record<string, Responder>> = {
  publish: onPublish,
  retract: onRetract,
  create,
};

function onPublish(request: Request): Element {
  const { service, query, element } = request;
  const node = nodeName(element);
  const items = element.elementsOf(PUBSUB_NS).filter(({ name }) => name === "item");
  // §7.1.1: batches are no more.
  if (items.length > 1) throw badRequest("publish one item at a time");
  const draft = items[0] === undefined ? undefined : draftOf(items[0]);
  const options = query.payload.child("publish-options");
  const wanted = options === undefined ? {} : preconditionsOf(options);
  const preconditions = askPlugins(request, node, draft) === "ignore options" ? {} : wanted;
  const { id } = publish(service, node, draft, { by: query.from, preconditions });
  const item = id === undefined ? [] : [el("item", PUBSUB_NS, { id })];
  return el("pubsub", PUBSUB_NS, {}, [el("publish", PUBSUB_NS, { node }, item)]);
}

function draftOf(item: Element): Draft {
  const payloads = item.elements();
  if (payloads.length > 1) throw invalidPayload("an item has one payload");
  return { id: item.attr("id"), payload: payloads[0] };
}

function preconditionsOf(options: Element): Partial<NodeConfig> {
  const form = options.elements().map(readForm).find((it) => it !== undefined);
  if (form === undefined) throw invalidOptions("the options must be a form");
  return readPreconditions(form);
}

/** Plugins may say no, and must say so at once. */
function askPlugins(
  { service, query }: Request,
  node: string,
  draft: Draft | undefined,
): "ignore options" | undefined {
  const { stanza, from: by } = query;
  let answer: "ignore options" | undefined;
  const x: Publishing = {
    stanza,
    claimed: false,
    service: service.face,
    node,
    id: draft?.id,
    payload: draft?.payload,
    by,
    ignoreOptions: () => answer = "ignore options",
  };
  const outcome = service.engine.host.pass(publishing, x);
  if (outcome === undefined || outcome === CLAIMED) return answer;
  if (isPromise(outcome)) throw new TypeError("guards of publishing must decide at once");
  throw outcome === DROP ? new StanzaError("policy-violation") : outcome;
}

function onRetract({ service, query, element }: Request): undefined {
  const node = nodeName(element);
  const ids = element.elementsOf(PUBSUB_NS).filter(({ name }) => name === "item").map((item) =>
    item.attr("id")
  );
  if (ids.length === 0 || ids.some((id) => id === undefined || id === "")) throw itemRequired();
  const tell = booleanOf(element.attr("notify"));
  retract(service, node, [...new Set(ids as string[])], {
    by: query.from,
    ...(tell === undefined ? {} : { tell }),
  });
}

function create({ service, query, element }: Request): Element | undefined {
  const named = element.attr("node");
  const name = named === undefined || named === "" ? service.newId() : named;
  const kind = element.attr("type");
  if (kind !== undefined && kind !== "leaf") throw notAcceptable("nodes are leaves here");
  const configure = query.payload.child("configure");
  if (configure?.attr("node") !== undefined) {
    throw badRequest("the configuration is about the node that is made");
  }
  const config = configure === undefined ? {} : configOf(configure);
  createNode(service, name, query.from, config);
  if (name === named) return undefined;
  return el("pubsub", PUBSUB_NS, {}, [el("create", PUBSUB_NS, { node: name })]);
}

/** What a `<configure/>` submits; one without a form is as good as none. */
export function configOf(configure: Element): Partial<NodeConfig> {
  const form = formIn(configure);
  return form === undefined ? {} : readConfig(form);
}

/** The form that was submitted; undefined where there is none. */
export function formIn(parent: Element): Form | undefined {
  const form = parent.elements().map(readForm).find((it) => it !== undefined);
  if (form !== undefined && form.type !== "submit") throw badRequest("the form must be of type submit");
  return form;
}

export function nodeName(element: Element): string {
  const name = element.attr("node");
  if (name === undefined || name === "") throw nodeIdRequired();
  return name;
}
