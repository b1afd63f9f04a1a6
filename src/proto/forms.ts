/**
 * Data forms (XEP-0004) as plain data: built from it and read into it, without an opinion on what the fields
 * mean. What a form's fields must be is said with a FormShape (form_shape.ts).
 */

import { el, type Element } from "../xml/element.ts";

/** The namespace of forms. */
export const FORMS_NS = "jabber:x:data";

/** The types of fields (XEP-0004 §3.3). */
export type FieldType =
  | "boolean"
  | "fixed"
  | "hidden"
  | "jid-multi"
  | "jid-single"
  | "list-multi"
  | "list-single"
  | "text-multi"
  | "text-private"
  | "text-single";

/** One of the choices of a list. */
export interface Option {
  readonly value: string;
  readonly label?: string | undefined;
}

/** A field: to be filled in, filled in, or reported. */
export interface Field {
  /** Its name; a `fixed` field may have none. */
  readonly var?: string | undefined;
  readonly type?: FieldType | undefined;
  readonly label?: string | undefined;
  readonly desc?: string | undefined;
  readonly required?: boolean;
  readonly values: readonly string[];
  readonly options?: readonly Option[];
  /** Payloads of other namespaces (media, validation), as they are. */
  readonly extra?: readonly Element[];
}

/** What a form is doing (XEP-0004 §3.1). */
export type FormType = "form" | "submit" | "cancel" | "result";

/** A form. */
export interface Form {
  readonly type: FormType;
  readonly title?: string | undefined;
  readonly instructions?: readonly string[];
  readonly fields: readonly Field[];
  /** The head of a table of results. */
  readonly reported?: readonly Field[] | undefined;
  /** The rows of a table of results. */
  readonly items?: readonly (readonly Field[])[];
}

const FIELD_TYPES: ReadonlySet<string> = new Set<FieldType>([
  "boolean",
  "fixed",
  "hidden",
  "jid-multi",
  "jid-single",
  "list-multi",
  "list-single",
  "text-multi",
  "text-private",
  "text-single",
]);

/** An `<x/>`. */
export function buildForm(form: Form): Element {
  return el("x", FORMS_NS, { type: form.type }, [
    textual("title", form.title),
    ...(form.instructions ?? []).map((line) => textual("instructions", line)),
    ...form.fields.map(buildField),
    form.reported && el("reported", FORMS_NS, undefined, form.reported.map(buildField)),
    ...(form.items ?? []).map((fields) => el("item", FORMS_NS, undefined, fields.map(buildField))),
  ]);
}

/**
 * Reads an `<x/>`; undefined when it says none of the four types. Unknown field types count as text-single.
 */
export function readForm(element: Element): Form | undefined {
  const type = element.attr("type");
  if (element.ns !== FORMS_NS || element.name !== "x" || !isFormType(type)) return undefined;
  const children = element.elementsOf(FORMS_NS);
  const reported = children.find((child) => child.name === "reported");
  return {
    type,
    title: element.childText("title"),
    instructions: children.filter((child) => child.name === "instructions").map((child) => child.text),
    fields: fieldsOf(element),
    reported: reported && fieldsOf(reported),
    items: children.filter((child) => child.name === "item").map(fieldsOf),
  };
}

/** The first form among the children of an element, and of this type when one is given. */
export function formOf(parent: Element, type?: FormType): Form | undefined {
  for (const child of parent.elementsOf(FORMS_NS)) {
    const form = readForm(child);
    if (form !== undefined && (type === undefined || form.type === type)) return form;
  }
  return undefined;
}

/** The field of this name. */
export function fieldOf(form: Form, name: string): Field | undefined {
  return form.fields.find((field) => field.var === name);
}

/** The first value of the field of this name. */
export function valueOf(form: Form, name: string): string | undefined {
  return fieldOf(form, name)?.values[0];
}

/** What the form is about (XEP-0068): the value of its FORM_TYPE. */
export function formTypeOf(form: Form): string | undefined {
  return valueOf(form, "FORM_TYPE");
}

/** The hidden field that says what a form is about. */
export function formTypeField(name: string): Field {
  return { var: "FORM_TYPE", type: "hidden", values: [name] };
}

/** Reads a boolean: `1`, `true`, `0` or `false` (XEP-0004 §3.3). */
export function booleanOf(text: string | undefined): boolean | undefined {
  if (text === "1" || text === "true") return true;
  return text === "0" || text === "false" ? false : undefined;
}

function fieldsOf(element: Element): Field[] {
  return element.elementsOf(FORMS_NS).filter((child) => child.name === "field").map(readField);
}

function readField(element: Element): Field {
  const type = element.attr("type");
  const own = element.elementsOf(FORMS_NS);
  const options = own.filter((child) => child.name === "option").map((option) => ({
    value: option.childText("value") ?? "",
    label: option.attr("label"),
  }));
  const extra = element.elements().filter((child) => child.ns !== FORMS_NS);
  return {
    var: element.attr("var"),
    type: type === undefined ? undefined : isFieldType(type) ? type : "text-single",
    label: element.attr("label"),
    desc: element.childText("desc"),
    required: element.has("required"),
    values: own.filter((child) => child.name === "value").map((child) => child.text),
    options,
    ...(extra.length > 0 ? { extra } : {}),
  };
}

function buildField(field: Field): Element {
  return el("field", FORMS_NS, { var: field.var, type: field.type, label: field.label }, [
    textual("desc", field.desc),
    field.required ? el("required", FORMS_NS) : undefined,
    ...field.values.map((value) => textual("value", value)),
    ...(field.options ?? []).map((option) =>
      el("option", FORMS_NS, { label: option.label }, [textual("value", option.value)])
    ),
    ...(field.extra ?? []),
  ]);
}

function textual(name: string, text: string | undefined): Element | undefined {
  return text === undefined ? undefined : el(name, FORMS_NS, undefined, text);
}

function isFormType(text: string | undefined): text is FormType {
  return text === "form" || text === "submit" || text === "cancel" || text === "result";
}

function isFieldType(text: string): text is FieldType {
  return FIELD_TYPES.has(text);
}
