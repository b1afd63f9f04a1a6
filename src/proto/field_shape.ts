/**
 * The kinds of fields a form can be made of, how their values are written, and how submitted texts are
 * checked (XEP-0004 §3.3 and §4).
 */

import { Jid } from "../jid/jid.ts";
import type { Element } from "../xml/element.ts";
import { type Datatype, datatypeFault } from "./datatype.ts";
import { booleanOf, type FieldType, type Option } from "./forms.ts";
import { buildMedia, type Media } from "./media.ts";
import { buildValidation, type Validation } from "./validation.ts";

interface Common<V> {
  readonly label: string;
  readonly desc?: string;
  readonly required?: boolean;
  /** The value shown when there is none yet. */
  readonly initial?: V;
  /** What a person must see or hear to fill it in (XEP-0221). */
  readonly media?: Media;
}

/** A line of text; where it is not left empty, of a datatype and between bounds of that (XEP-0122). */
export type TextField = Common<string> & {
  readonly kind: "text" | "secret" | "hidden";
  readonly longest?: number;
  readonly datatype?: Datatype;
  readonly min?: string;
  readonly max?: string;
};
/** A text of many lines. */
export type LinesField = Common<string> & { readonly kind: "lines"; readonly longest?: number };
/** A whole number; null when it was left empty. */
export type IntegerField = Common<number | null> & {
  readonly kind: "integer";
  readonly min?: number;
  readonly max?: number;
};
/** Yes or no. */
export type BooleanField = Common<boolean> & { readonly kind: "boolean" };
/** One of some options. */
export type ChoiceField<O extends readonly Option[] = readonly Option[]> =
  & Common<O[number]["value"]>
  & { readonly kind: "choice"; readonly options: O };
/** Some of some options; how many is the list range of XEP-0122. */
export type ChoicesField<O extends readonly Option[] = readonly Option[]> =
  & Common<readonly O[number]["value"][]>
  & { readonly kind: "choices"; readonly options: O; readonly least?: number; readonly most?: number };
/** An address; null when it was left empty. */
export type JidField = Common<Jid | null> & { readonly kind: "jid" };
/** Addresses. */
export type JidsField = Common<readonly Jid[]> & { readonly kind: "jids" };

/** A field of a form. */
export type FieldShape =
  | TextField
  | LinesField
  | IntegerField
  | BooleanField
  | ChoiceField
  | ChoicesField
  | JidField
  | JidsField;

/** The type of a field's value. */
export type ValueOf<F extends FieldShape> = F extends { kind: "text" | "secret" | "hidden" | "lines" }
  ? string
  : F extends { kind: "integer" } ? number | null
  : F extends { kind: "boolean" } ? boolean
  : F extends { kind: "choice"; options: infer O extends readonly Option[] } ? O[number]["value"]
  : F extends { kind: "choices"; options: infer O extends readonly Option[] } ? readonly O[number]["value"][]
  : F extends { kind: "jid" } ? Jid | null
  : F extends { kind: "jids" } ? readonly Jid[]
  : never;

/** What can be wrong with a field. */
export type FieldFault =
  | "missing"
  | "unknown"
  | "not-a-boolean"
  | "not-a-number"
  | "not-a-jid"
  | "not-of-type"
  | "range"
  | "too-long"
  | "many";

/** A value, or what is wrong. */
export type FieldReading =
  | { readonly value: string | string[] | boolean | number | Jid | Jid[] | null }
  | { readonly fault: FieldFault; readonly text: string };

const TYPES: Record<FieldShape["kind"], FieldType> = {
  text: "text-single",
  secret: "text-private",
  hidden: "hidden",
  lines: "text-multi",
  integer: "text-single",
  boolean: "boolean",
  choice: "list-single",
  choices: "list-multi",
  jid: "jid-single",
  jids: "jid-multi",
};

/** The type a field has on the wire. */
export function typeOf(shape: FieldShape): FieldType {
  return TYPES[shape.kind];
}

/** What a form says of a field beside XEP-0004: media first, for people, then how its values are checked. */
export function extrasOf(shape: FieldShape): Element[] {
  const validation = validationOf(shape);
  return [
    ...(shape.media === undefined ? [] : [buildMedia(shape.media)]),
    ...(validation === undefined ? [] : [buildValidation(validation)]),
  ];
}

function validationOf(shape: FieldShape): Validation | undefined {
  switch (shape.kind) {
    case "integer":
      return checked("xs:integer", shape.min?.toString(), shape.max?.toString());
    case "text":
      return shape.datatype === undefined ? undefined : checked(shape.datatype, shape.min, shape.max);
    case "choices": {
      const { least: min, most: max } = shape;
      return min === undefined && max === undefined ? undefined : { listRange: { min, max } };
    }
    default:
      return undefined;
  }
}

function checked(datatype: Datatype, min: string | undefined, max: string | undefined): Validation {
  return min === undefined && max === undefined
    ? { datatype }
    : { datatype, method: { kind: "range", min, max } };
}

/** The texts of a value on the wire. */
export function fieldValues(value: unknown): string[] {
  if (value === undefined || value === null) return [];
  if (typeof value === "boolean") return [value ? "1" : "0"];
  if (Array.isArray(value)) return value.map(String);
  const text = String(value);
  return text.includes("\n") ? text.split("\n") : [text];
}

/** Checks the texts of a submitted field. */
export function fieldValue(shape: FieldShape, values: readonly string[]): FieldReading {
  const filled = values.some((value) => value !== "");
  if (shape.required && !filled) return { fault: "missing", text: "must be filled in" };
  switch (shape.kind) {
    case "choices":
      return choicesValue(shape, values);
    case "jids":
      return jidsValue(values);
    case "lines":
      return textValue(values.join("\n"), shape.longest);
    default:
      if (values.length > 1) return { fault: "many", text: "takes one value only" };
      return singleValue(shape, values[0] ?? "");
  }
}

function singleValue(
  shape: Exclude<FieldShape, ChoicesField | JidsField | LinesField>,
  text: string,
): FieldReading {
  switch (shape.kind) {
    case "integer":
      return text === "" ? { value: null } : integerValue(shape, text.trim());
    case "boolean": {
      const value = text === "" ? false : booleanOf(text.trim()); // "The default value is false", XEP-0004 §3.3
      return value === undefined
        ? { fault: "not-a-boolean", text: "must be 1, true, 0 or false" }
        : { value };
    }
    case "choice":
      return choicesValue(shape, [text], text);
    case "jid": {
      const value = text === "" ? null : Jid.tryParse(text.trim());
      return value === undefined ? { fault: "not-a-jid", text: "is not an address" } : { value };
    }
    default: {
      const { datatype, min, max } = shape;
      const fault = datatype === undefined || text === ""
        ? undefined
        : datatypeFault(datatype, text, min, max);
      return fault ?? textValue(text, shape.longest);
    }
  }
}

function textValue(value: string, longest = 65_536): FieldReading {
  return value.length > longest
    ? { fault: "too-long", text: `takes ${longest} characters at most` }
    : { value };
}

function integerValue(shape: IntegerField, text: string): FieldReading {
  const value = /^-?\d{1,15}$/.test(text) ? Number(text) : NaN;
  if (Number.isNaN(value)) return { fault: "not-a-number", text: "must be a whole number" };
  const { min = -Infinity, max = Infinity } = shape;
  if (value >= min && value <= max) return { value };
  const bound = value < min ? `must be ${min} or more` : `must be ${max} or less`;
  return { fault: "range", text: bound };
}

function choicesValue(
  shape: ChoiceField | ChoicesField,
  values: readonly string[],
  single?: string,
): FieldReading {
  // An empty list may come as no value at all or as one empty value.
  const chosen = single === undefined ? values.filter((value) => value !== "" || offers(shape, "")) : values;
  const strange = chosen.find((value) => !offers(shape, value));
  if (strange === undefined) {
    return single !== undefined ? { value: single } : counted(shape as ChoicesField, [...new Set(chosen)]);
  }
  const known = shape.options.map((option) => option.value).join(", ");
  return { fault: "unknown", text: `"${strange.slice(0, 80)}" is none of: ${known}` };
}

function counted({ least = 0, most = Infinity }: ChoicesField, chosen: string[]): FieldReading {
  if (chosen.length < least) return { fault: "range", text: `takes ${least} choices at least` };
  return chosen.length > most ? { fault: "range", text: `takes ${most} choices at most` } : { value: chosen };
}

function offers(shape: ChoiceField | ChoicesField, value: string): boolean {
  return shape.options.some((option) => option.value === value);
}

function jidsValue(values: readonly string[]): FieldReading {
  const jids = new Map<string, Jid>(); // duplicates are ignored, XEP-0004 §3.3
  for (const text of values) {
    if (text.trim() === "") continue;
    const jid = Jid.tryParse(text.trim());
    if (jid === undefined) return { fault: "not-a-jid", text: `"${text.slice(0, 80)}" is not an address` };
    jids.set(jid.toString(), jid);
  }
  return { value: [...jids.values()] };
}
