/**
 * The configuration of a node as one typed record (XEP-0060 §17.4.4), with how each field is read and written. A field's name
 * in forms is `pubsub#` and its name here.
 */
import { booleanOf, type FieldType, Jid, type Option } from "#plugin";

export const ACCESS_MODELS = ["open", "presence", "roster", "authorize", "whitelist"] as const;
export type AccessModel = typeof ACCESS_MODELS[number];
export const PUBLISH_MODELS = ["publishers", "subscribers", "open"] as const;
export type PublishModel = typeof PUBLISH_MODELS[number];
const SEND_LAST = ["never", "on_sub", "on_sub_and_presence"] as const;
const ITEM_REPLY = ["owner", "publisher", "none"] as const;
const NODE_FULL = ["retract-oldest", "discard-oldest", "reject"] as const;
const NOTIFICATION_TYPES = ["normal", "headline"] as const;
/** A number, or as many as the service allows. */
export type Limit = number | "max";

export interface NodeConfig {
  readonly title: string;
  readonly description: string;
  /** What its items are: a namespace or another name for their meaning. */
  readonly type: string;
  readonly language: string;
  readonly contact: readonly string[];
  readonly access_model: AccessModel;
  readonly roster_groups_allowed: readonly string[];
  readonly publish_model: PublishModel;
  readonly subscribe: boolean;
  readonly tempsub: boolean;
  readonly persist_items: boolean;
  readonly max_items: Limit;
  /** Seconds. */
  readonly item_expire: Limit;
  readonly publish_node_full: typeof NODE_FULL[number];
  readonly purge_offline: boolean;
  readonly max_payload_size: Limit;
  readonly deliver_notifications: boolean;
  readonly deliver_payloads: boolean;
  readonly presence_based_delivery: boolean;
  readonly notification_type: typeof NOTIFICATION_TYPES[number];
  readonly notify_config: boolean;
  readonly notify_delete: boolean;
  readonly notify_retract: boolean;
  readonly notify_sub: boolean;
  readonly send_last_published_item: typeof SEND_LAST[number];
  readonly itemreply: typeof ITEM_REPLY[number];
  readonly body_xslt: string;
  readonly dataform_xslt: string;
}

export type ConfigName = keyof NodeConfig;

/** What a node is like where nobody says anything else. */
export const BASE: NodeConfig = {
  title: "",
  description: "",
  type: "",
  language: "",
  contact: [],
  access_model: "open",
  roster_groups_allowed: [],
  publish_model: "publishers",
  subscribe: true,
  tempsub: false,
  persist_items: true,
  max_items: "max",
  item_expire: "max",
  publish_node_full: "retract-oldest",
  purge_offline: false,
  max_payload_size: "max",
  deliver_notifications: true,
  deliver_payloads: true,
  presence_based_delivery: false,
  notification_type: "headline",
  notify_config: false,
  notify_delete: true,
  notify_retract: true,
  notify_sub: false,
  send_last_published_item: "on_sub",
  itemreply: "publisher",
  body_xslt: "",
  dataform_xslt: "",
};

/** How a field is written and read; `read` gives undefined for what makes no sense. */
export interface ConfigField<T> {
  readonly label: string;
  readonly type: FieldType;
  readonly options?: readonly Option[];
  /** Values that are checked as such (XEP-0122). */
  readonly datatype?: string;
  read(values: readonly string[]): T | undefined;
  write(value: T): readonly string[];
}

const LONGEST = 4096;
const MOST = 100;

function words(label: string): ConfigField<string> {
  return {
    label,
    type: "text-single",
    read: (values) => values.length > 1 || (values[0]?.length ?? 0) > LONGEST ? undefined : values[0] ?? "",
    write: (value) => value === "" ? [] : [value],
  };
}

function flag(label: string): ConfigField<boolean> {
  return {
    label,
    type: "boolean",
    read: (values) => values.length === 1 ? booleanOf(values[0]!.trim()) : undefined,
    write: (value) => [value ? "1" : "0"],
  };
}

function choice<const T extends string>(label: string, options: readonly T[]): ConfigField<T> {
  return {
    label,
    type: "list-single",
    options: options.map((value) => ({ value })),
    read: (values) => values.length === 1 ? options.find((option) => option === values[0]) : undefined,
    write: (value) => [value],
  };
}

/** "max", or a whole number (XEP-0060 §17.7). */
function limit(label: string): ConfigField<Limit> {
  return {
    label,
    type: "text-single",
    datatype: "pubsub:integer-or-max",
    read: ([value, ...more]) => {
      if (value === undefined || more.length > 0) return undefined;
      if (value === "max") return "max";
      return /^\d{1,15}$/.test(value.trim()) ? Number(value) : undefined;
    },
    write: (value) => [String(value)],
  };
}

function list(label: string, type: "jid-multi" | "list-multi", one: (text: string) => string | undefined) {
  return {
    label,
    type,
    read: (values: readonly string[]) => {
      const read = values.filter((text) => text !== "").map(one);
      return read.length > MOST || read.includes(undefined) ? undefined : [...new Set(read as string[])];
    },
    write: (value: readonly string[]) => value,
  } satisfies ConfigField<readonly string[]>;
}

/** Every field of a node's configuration, in the order of its form. */
export const CONFIG_FIELDS: { readonly [K in ConfigName]: ConfigField<NodeConfig[K]> } = {
  title: words("A name for the node"),
  description: words("What the node is about"),
  type: words("What its items are: their namespace, or another name for their meaning"),
  language: words("The language of the items"),
  contact: list("Whom to ask about the node", "jid-multi", (text) => Jid.tryParse(text)?.toString()),
  access_model: choice("Who may subscribe and read items", ACCESS_MODELS),
  roster_groups_allowed: list(
    "Groups of the owner's contacts that may subscribe and read items",
    "list-multi",
    (text) => text.length > 1024 ? undefined : text,
  ),
  publish_model: choice("Who may publish", PUBLISH_MODELS),
  subscribe: flag("Allow subscriptions"),
  tempsub: flag("Subscriptions end when the subscriber goes offline"),
  persist_items: flag("Keep items"),
  max_items: limit("How many items are kept: a number, or max for as many as the service allows"),
  item_expire: limit("After how many seconds items are removed: a number, or max for never"),
  publish_node_full: choice("What happens when the node is full", NODE_FULL),
  purge_offline: flag("Remove a publisher's items when the publisher goes offline"),
  max_payload_size: limit("The largest payload in bytes: a number, or max for what the service allows"),
  deliver_notifications: flag("Tell subscribers of events"),
  deliver_payloads: flag("Tell them the payloads, too"),
  presence_based_delivery: flag("Tell only those who are available"),
  notification_type: choice("The type of messages that tell of events", NOTIFICATION_TYPES),
  notify_config: flag("Tell subscribers of changes of the configuration"),
  notify_delete: flag("Tell subscribers that the node is deleted"),
  notify_retract: flag("Tell subscribers that items are deleted"),
  notify_sub: flag("Tell owners of subscribers who come and go"),
  send_last_published_item: choice("When the last item is sent", SEND_LAST),
  itemreply: choice(
    "Whom answers to an item are for; the publisher's address is shown for publisher",
    ITEM_REPLY,
  ),
  body_xslt: words("The address of an XSLT that makes a text of a payload"),
  dataform_xslt: words("The address of an XSLT that makes a form of a payload"),
};

export const CONFIG_NAMES = Object.keys(CONFIG_FIELDS) as readonly ConfigName[];

/** Whether two values of a field mean the same; the order of lists does not matter. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (!Array.isArray(a) || !Array.isArray(b)) return a === b;
  return a.length === b.length && a.every((value) => b.includes(value));
}

/** A limit as a number, within the one of the service. */
export function within(limit: Limit, most: number): number {
  return limit === "max" ? most : Math.min(limit, most);
}
