/**
 * What a subscriber wants of a subscription (XEP-0060 §6.3): whether to be told, until when, and in which states. Digests and
 * message bodies are not offered.
 */
import {
  booleanOf,
  buildForm,
  type Element,
  type Field,
  type Form,
  formatDateTime,
  formTypeField,
  formTypeOf,
  parseDateTime,
} from "#plugin";
import { invalidOptions } from "./faults.ts";
import { SUBSCRIBE_OPTIONS_FORM } from "./names.ts";

const SHOW_VALUES = ["away", "chat", "dnd", "online", "xa"] as const;
export type Show = typeof SHOW_VALUES[number];

export interface SubscribeOptions {
  readonly deliver: boolean;
  /** The end of a lease in milliseconds since 1970 (§13.19), or of the subscriber's presence (§13.5). */
  readonly expire: number | "presence" | null;
  /** Told only in these states; in any, and when nothing is known, where there is none (§6.3). */
  readonly show: readonly Show[] | null;
}

export const DEFAULT_OPTIONS: SubscribeOptions = Object.freeze({ deliver: true, expire: null, show: null });

const DELIVER = "pubsub#deliver";
const EXPIRE = "pubsub#expire";
const SHOW = "pubsub#show-values";

/** The options as a form; of type "form" to fill in, or "result". */
export function optionsForm(options: SubscribeOptions, type: "form" | "result"): Element {
  const { deliver, expire, show } = options;
  const until = typeof expire === "number" ? [formatDateTime(expire)] : expire === null ? [] : [expire];
  const fields: Field[] = [
    formTypeField(SUBSCRIBE_OPTIONS_FORM),
    { var: DELIVER, type: "boolean", label: "Tell me of events", values: [deliver ? "1" : "0"] },
    { var: EXPIRE, type: "text-single", label: "Until when: a time, or presence", values: until },
    {
      var: SHOW,
      type: "list-multi",
      label: "Only when I am",
      options: SHOW_VALUES.map((value) => ({ value })),
      values: show ?? [],
    },
  ];
  return buildForm({ type, fields: type === "form" ? fields : fields.filter((it) => it.values.length > 0) });
}

/** What was submitted, over what there was; a lease is never longer than `longest` (§13.19). Throws where it makes no sense. */
export function readOptions(
  form: Form,
  before: SubscribeOptions,
  now: number,
  longest: number,
): SubscribeOptions {
  const about = formTypeOf(form);
  if (form.type !== "submit" || (about !== undefined && about !== SUBSCRIBE_OPTIONS_FORM)) {
    throw invalidOptions("submit the form of subscription options");
  }
  let { deliver, expire, show } = before;
  for (const { var: name, values } of form.fields) {
    const first = values[0]?.trim() ?? "";
    if (name === DELIVER) deliver = known(booleanOf(first), name);
    else if (name === EXPIRE) expire = readExpire(first, now, longest);
    else if (name === SHOW) show = readShow(values);
  }
  return { deliver, expire, show };
}

function readExpire(text: string, now: number, longest: number): SubscribeOptions["expire"] {
  if (text === "") return longest === Infinity ? null : now + longest;
  if (text === "presence") return "presence";
  const time = known(parseDateTime(text), EXPIRE);
  if (time <= now) throw invalidOptions("the subscription would have ended already");
  return Math.min(time, now + longest);
}

function readShow(values: readonly string[]): readonly Show[] | null {
  const chosen = values.filter((value) => value !== "");
  const shows = SHOW_VALUES.filter((show) => chosen.includes(show));
  if (shows.length !== new Set(chosen).size) throw invalidOptions(`${SHOW} has a value that is none`);
  return shows.length === 0 ? null : shows;
}

function known<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw invalidOptions(`${name} has a value that makes no sense`);
  return value;
}
