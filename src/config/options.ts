/**
 * A plain tree of what may be configured, read from zod schemas: for unknown keys, suggestions, variables of the
 * environment, secrets in files, relative paths, and everything that is printed about options.
 */
import * as z from "zod";
import { formatDuration } from "./duration.ts";
import type { KeyPath } from "./key.ts";
import type { Unit } from "./schema.ts";
import { formatSize } from "./size.ts";

/** One option, or a table of them. */
export interface Option {
  readonly doc: string;
  /** What it wants, in words: `a duration such as "90 days"`. */
  readonly expects: string;
  readonly unit?: Unit;
  /** The default as a file would say it; undefined when there is none. */
  readonly fallback?: unknown;
  readonly required: boolean;
  /** A value for the example and the reference, where there is no default. */
  readonly example?: unknown;
  /** Members of a table, by name. */
  readonly members?: ReadonlyMap<string, Option>;
  /** What every key of a table with free keys wants. */
  readonly each?: Option;
  /** What every entry of a list wants. */
  readonly items?: Option;
  /** Whether it may also be something that is no table (only for those with members). */
  readonly plain: boolean;
  /** The values there are, where they can be counted. */
  readonly choices?: readonly string[];
}

interface Meta {
  readonly description?: string;
  readonly expects?: string;
  readonly unit?: Unit;
  readonly example?: unknown;
}

type Draft = { -readonly [K in keyof Option]: Option[K] };

/** The option a schema stands for. */
export function optionOf(schema: z.ZodType): Option {
  const draft = build(schema);
  const meta = schema.meta() as Meta | undefined;
  if (meta?.description !== undefined) draft.doc = meta.description;
  if (meta?.expects !== undefined) draft.expects = meta.expects;
  if (meta?.unit !== undefined) draft.unit = meta.unit;
  if (meta?.example !== undefined) draft.example = meta.example;
  return draft;
}

/** The option at a path, through free keys and lists; undefined where nothing may be. */
export function optionAt(root: Option, path: KeyPath): Option | undefined {
  let option: Option | undefined = root;
  for (const part of path) {
    if (typeof part === "number") option = option?.items;
    else option = option?.members?.get(part) ?? option?.each;
  }
  return option;
}

/** Whether the option holds other options. */
export function isTable(option: Option): boolean {
  return (option.members !== undefined || option.each !== undefined) && !option.plain;
}

function build(schema: z.ZodType): Draft {
  const { def } = (schema as unknown as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case "optional":
    case "nullable":
      return { ...inner(def.innerType), required: false };
    case "default":
    case "prefault": {
      const option = inner(def.innerType);
      return { ...option, required: false, fallback: asWritten(def.defaultValue, option, def.type) };
    }
    case "readonly":
    case "nonoptional":
    case "catch":
      return inner(def.innerType);
    case "pipe":
      return inner(def.in);
    case "lazy":
      return inner(def.getter());
    case "object":
      return draft("a table", { members: membersOf(def.shape) });
    case "record":
      return draft("a table", { each: inner(def.valueType) });
    case "array": {
      const items = inner(def.element);
      return draft(`a list, each ${items.expects}`, { items });
    }
    case "union":
      return unionOf(def.options.map(inner));
    default:
      return scalar(schema);
  }
}

function scalar(schema: z.ZodType): Draft {
  const { def } = (schema as unknown as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case "enum":
      return chosen(Object.values(def.entries));
    case "literal":
      return chosen(def.values);
    case "boolean":
      return draft("true or false");
    case "number":
      return draft(numberWords(schema as z.ZodNumber));
    case "string":
      return draft("a text");
    case "date":
      return draft("a date");
    default:
      return draft("a value");
  }
}

function draft(expects: string, more: Partial<Draft> = {}): Draft {
  return { doc: "", expects, required: true, plain: false, ...more };
}

function inner(schema: z.core.$ZodType): Option {
  return optionOf(schema as z.ZodType);
}

function membersOf(shape: Readonly<Record<string, z.core.$ZodType>>): Map<string, Option> {
  return new Map(Object.entries(shape).map(([name, member]) => [name, inner(member)]));
}

function chosen(values: readonly unknown[]): Draft {
  const shown = values.map((value) => typeof value === "string" ? JSON.stringify(value) : String(value));
  return draft(shown.join(" or "), { choices: values.map(String) });
}

function unionOf(options: readonly Option[]): Draft {
  const table = options.find((it) => it.members !== undefined);
  const list = options.find((it) => it.items !== undefined);
  const choices = options.flatMap((it) => it.choices ?? []);
  return draft([...new Set(options.map((it) => it.expects))].join(", or "), {
    ...(table?.members === undefined ? {} : { members: table.members }),
    ...(list?.items === undefined ? {} : { items: list.items }),
    ...(choices.length === 0 ? {} : { choices }),
    ...unitOf(options),
    plain: options.some((it) => it.members === undefined),
  });
}

function unitOf(options: readonly Option[]): Partial<Draft> {
  const unit = options.find((it) => it.unit !== undefined)?.unit;
  return unit === undefined ? {} : { unit };
}

function numberWords(schema: z.ZodNumber): string {
  const kind = schema.isInt ? "a whole number" : "a number";
  const low = schema.minValue !== null && schema.minValue > Number.MIN_SAFE_INTEGER
    ? schema.minValue
    : undefined;
  const high = schema.maxValue !== null && schema.maxValue < Number.MAX_SAFE_INTEGER
    ? schema.maxValue
    : undefined;
  if (low !== undefined && high !== undefined) return `${kind} from ${low} to ${high}`;
  if (low !== undefined) return `${kind}, at least ${low}`;
  return high === undefined ? kind : `${kind}, at most ${high}`;
}

/** `.default()` gives what the program sees, `.prefault()` what the file says: show the latter for both. */
function asWritten(value: unknown, option: Option, how: "default" | "prefault"): unknown {
  if (how === "prefault" || typeof value !== "number") return value;
  if (option.unit === "duration") return formatDuration(value);
  if (option.unit === "size" || option.unit === "byte-rate") return formatSize(value);
  return value;
}
