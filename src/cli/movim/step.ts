/** The flow of a social client in steps: each is a record, and builds on what earlier ones found. */
import type { Jid } from "../../jid/jid.ts";
import { conditionOf } from "../../stanza/error.ts";
import { el, type Element } from "../../xml/element.ts";
import type { Finding } from "../checks/finding.ts";
import type { Wire } from "./wire.ts";

export const PUBSUB = "http://jabber.org/protocol/pubsub";
export const OWNER = `${PUBSUB}#owner`;
export const EVENT = `${PUBSUB}#event`;
export const ERRORS = `${PUBSUB}#errors`;
export const ATOM = "http://www.w3.org/2005/Atom";
export const RSM = "http://jabber.org/protocol/rsm";
export const FORMS = "jabber:x:data";

/** What steps work with. */
export interface Flow {
  readonly wire: Wire;
  readonly account: Jid;
  /** A node of the account for this check alone, which is deleted in the end. */
  readonly node: string;
  /** Where comments go, once that was found. */
  comments: string | undefined;
  /** What is to be deleted in the end: services and nodes. */
  readonly made: { readonly to: string | undefined; readonly node: string }[];
}

export interface Step {
  readonly id: string;
  /** What it tries. */
  readonly line: string;
  run(flow: Flow): Promise<readonly Finding[]>;
}

export type Fields = Readonly<Record<string, string>>;

export const ok = (text: string): Finding => ({ severity: "ok", text });
export const problem = (severity: "warning" | "error", text: string, fix?: string): Finding =>
  fix === undefined ? { severity, text } : { severity, text, fix };

/** A form whose fields are named without the prefix `pubsub#`. */
export function formOf(about: string, fields: Fields): Element {
  const field = (name: string, value: string, type?: string) =>
    el("field", FORMS, { var: name, type }, [el("value", FORMS, {}, value)]);
  return el("x", FORMS, { type: "submit" }, [
    field("FORM_TYPE", about, "hidden"),
    ...Object.entries(fields).map(([name, value]) => field(`pubsub#${name}`, value)),
  ]);
}

export const pubsub = (...inner: readonly Element[]) => el("pubsub", PUBSUB, {}, inner);
export const owner = (...inner: readonly Element[]) => el("pubsub", OWNER, {}, inner);

/** A post as social clients publish it, with the options they want the node to have. */
export function publishing(node: string, id: string, title: string, options?: Fields): Element {
  const entry = el("entry", ATOM, {}, [
    el("title", ATOM, {}, title),
    el("id", ATOM, {}, `urn:check:${id}`),
    el("updated", ATOM, {}, "2026-01-01T00:00:00Z"),
  ]);
  const publish = el("publish", PUBSUB, { node }, [el("item", PUBSUB, { id }, [entry])]);
  if (options === undefined) return pubsub(publish);
  const form = formOf(`${PUBSUB}#publish-options`, options);
  return pubsub(publish, el("publish-options", PUBSUB, {}, [form]));
}

/** Names of items in an answer, in order. */
export function idsOf(answer: Element): string[] {
  const items = answer.child("pubsub", PUBSUB)?.child("items")?.elements() ?? [];
  return items.map((it) => it.attr("id") ?? "");
}

/** What was said instead: the condition of an error, and the one of pubsub's own. */
export function refusalOf(answer: Element): string | undefined {
  if (answer.attr("type") !== "error") return undefined;
  const own = answer.child("error")?.elements().find(({ ns }) => ns === ERRORS)?.name;
  const condition = conditionOf(answer.child("error")) ?? "an error without a condition";
  return own === undefined ? condition : `${condition}, ${own}`;
}

/** A field's value, in a form anywhere in an answer. */
export function valueIn(form: Element | undefined, name: string): string | undefined {
  return form?.elements().find((it) => it.attr("var") === `pubsub#${name}`)?.childText("value");
}

/** Whether a message tells of an event at a node. */
export function tells(node: string, name: string, id?: string): (element: Element) => boolean {
  return (element) => {
    const event = element.child("event", EVENT)?.first();
    if (element.name !== "message" || event?.attr("node") !== node) return false;
    if (id === undefined) return event.name === name;
    return event.elements().some((it) => it.name === name && it.attr("id") === id);
  };
}
