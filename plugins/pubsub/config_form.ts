/**
 * A node's configuration as a form (XEP-0060 §8.2, §5.4), read and checked as a whole: either everything that was submitted
 * is right, or nothing of it counts.
 */
import {
  buildForm,
  buildValidation,
  type Element,
  type Field,
  type Form,
  formTypeField,
  formTypeOf,
} from "#plugin";
import {
  invalidOptions,
  notAcceptable,
  preconditionNotMet,
  unsupported,
  unsupportedAccessModel,
} from "./faults.ts";
import { META_DATA_FORM, NODE_CONFIG_FORM, PUBLISH_OPTIONS_FORM } from "./names.ts";
import {
  CONFIG_FIELDS,
  CONFIG_NAMES,
  type ConfigField,
  type ConfigName,
  type NodeConfig,
  sameValue,
} from "./node_config.ts";

const PREFIX = "pubsub#";

/** The form to fill in, with the present values; `groups` are those that the owner may choose from. */
export function configForm(config: NodeConfig, groups: readonly string[] = []): Element {
  return buildForm({ type: "form", fields: fieldsOf(NODE_CONFIG_FORM, config, true, groups) });
}

/** The configuration for those who are told of it. */
export function configResult(config: NodeConfig): Element {
  return buildForm({ type: "result", fields: fieldsOf(NODE_CONFIG_FORM, config, false, []) });
}

function fieldsOf(about: string, config: NodeConfig, whole: boolean, groups: readonly string[]): Field[] {
  const fields: Field[] = [formTypeField(about)];
  for (const name of CONFIG_NAMES) {
    const field = CONFIG_FIELDS[name] as ConfigField<unknown>;
    const values = field.write(config[name]);
    const written: Field = { var: PREFIX + name, type: field.type, values };
    if (!whole) fields.push(written);
    else {fields.push({
        ...written,
        label: field.label,
        ...optionsOf(name, field, values, groups),
        ...checkOf(field),
      });}
  }
  fields.push({ var: `${PREFIX}node_type`, type: "list-single", values: ["leaf"], ...(whole ? LEAF : {}) });
  return fields;
}

const LEAF: Partial<Field> = { label: "The kind of node", options: [{ value: "leaf" }] };

function optionsOf(
  name: ConfigName,
  { options }: ConfigField<unknown>,
  values: readonly string[],
  groups: readonly string[],
): Partial<Field> {
  if (name !== "roster_groups_allowed") return options === undefined ? {} : { options };
  return { options: [...new Set([...groups, ...values])].map((value) => ({ value })) };
}

function checkOf({ datatype }: ConfigField<unknown>): Partial<Field> {
  return datatype === undefined ? {} : { extra: [buildValidation({ datatype })] };
}

/** What was submitted, over nothing: fields that were left out keep what they have. Throws what is wrong with it. */
export function readConfig(form: Form): Partial<NodeConfig> {
  const about = formTypeOf(form);
  if (about !== undefined && about !== NODE_CONFIG_FORM) {
    throw notAcceptable(`the form is about "${about.slice(0, 80)}" and not about a node's configuration`);
  }
  const read: Record<string, unknown> = {};
  for (const { var: name, values } of form.fields) {
    if (name === undefined || !name.startsWith(PREFIX)) continue;
    checkKind(name, values);
    const known = configName(name);
    if (known !== undefined) read[known] = valueOf(known, values);
  }
  return read as Partial<NodeConfig>;
}

/** Collections (XEP-0248) are another kind of node, which this service has not. */
function checkKind(name: string, values: readonly string[]): void {
  if (name === `${PREFIX}node_type` && values.some((value) => value !== "leaf" && value !== "")) {
    throw unsupported("collections");
  }
  if (name === `${PREFIX}collection` && values.some((value) => value !== "")) {
    throw unsupported("collections");
  }
}

function valueOf(name: ConfigName, values: readonly string[]): unknown {
  const value = CONFIG_FIELDS[name].read(values);
  if (value !== undefined) return value;
  if (name === "access_model") throw unsupportedAccessModel();
  const shown = values.join(", ").slice(0, 80);
  throw notAcceptable(`${PREFIX}${name} cannot be "${shown}"`);
}

function configName(name: string): ConfigName | undefined {
  const short = name.slice(PREFIX.length);
  return Object.hasOwn(CONFIG_FIELDS, short) ? short as ConfigName : undefined;
}

/**
 * Reads publish-options (§7.1.5): every field is a precondition on the configuration, and a field that nobody knows is refused.
 */
export function readPreconditions(form: Form): Partial<NodeConfig> {
  if (form.type !== "submit") throw invalidOptions("the options must be a form of type submit");
  const about = formTypeOf(form);
  if (about !== undefined && about !== PUBLISH_OPTIONS_FORM) {
    throw invalidOptions(`the FORM_TYPE of the options must be ${PUBLISH_OPTIONS_FORM}`);
  }
  const read: Record<string, unknown> = {};
  for (const { var: name, values } of form.fields) {
    if (name === undefined || name === "FORM_TYPE") continue;
    if (name === `${PREFIX}node_type` && values[0] === "leaf") continue;
    const known = configName(name.startsWith(PREFIX) ? name : "");
    if (known === undefined) {
      throw invalidOptions(`"${name.slice(0, 80)}" is no field of a node's configuration`);
    }
    read[known] = valueOf(known, values);
  }
  return read as Partial<NodeConfig>;
}

/** Throws where a node is configured differently, naming the fields. */
export function checkPreconditions(config: NodeConfig, wanted: Partial<NodeConfig>): void {
  const names = Object.keys(wanted) as ConfigName[];
  const differing = names.filter((name) => !sameValue(wanted[name], config[name]));
  if (differing.length > 0) throw preconditionNotMet(differing.map((name) => PREFIX + name));
}

/** What anybody may know of a node who may find it. */
export interface MetaData {
  readonly creator: string;
  /** As XEP-0082 writes it. */
  readonly creation_date: string;
  readonly owners: readonly string[];
  readonly publishers: readonly string[];
  readonly num_subscribers: number;
}

const DESCRIBING: readonly ConfigName[] = [
  "type",
  "title",
  "description",
  "language",
  "contact",
  "access_model",
  "publish_model",
  "max_items",
];

/** The node's own form in its disco#info (§5.4). */
export function metaDataForm(config: NodeConfig, meta: MetaData): Element {
  const fields: Field[] = [formTypeField(META_DATA_FORM)];
  for (const name of DESCRIBING) {
    const field = CONFIG_FIELDS[name] as ConfigField<unknown>;
    const values = field.write(config[name]);
    if (values.length > 0) fields.push({ var: PREFIX + name, type: field.type, label: field.label, values });
  }
  const add = (name: string, type: Field["type"], label: string, values: readonly string[]): void => {
    if (values.length > 0) fields.push({ var: PREFIX + name, type, label, values });
  };
  add("creator", "jid-single", "Who made the node", meta.creator === "" ? [] : [meta.creator]);
  add("creation_date", "text-single", "When it was made", [meta.creation_date]);
  add("owner", "jid-multi", "Owners", meta.owners);
  add("publisher", "jid-multi", "Publishers", meta.publishers);
  add("num_subscribers", "text-single", "Subscribers", [String(meta.num_subscribers)]);
  return buildForm({ type: "result", fields });
}
