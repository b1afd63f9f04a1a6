/**
 * What a form consists of, said once as data: from it come the form to fill in, the check of what was
 * submitted, and the TypeScript type of the values. Fields that were not submitted stay out of the values and
 * so keep what they had (XEP-0004 §3.5); fields nobody knows are ignored (§3.1).
 *
 *     const BOT = formShape("jabber:bot", {
 *       botname: { kind: "text", label: "The name of your bot", required: true },
 *       public: { kind: "boolean", label: "Public bot?" },
 *       maxsubs: { kind: "choice", label: "Most subscribers", options: [{ value: "10" }, { value: "none" }] },
 *     });
 *     BOT.form({ public: true });                    // Element to send
 *     BOT.read(form);                                // { values: { botname?: string, public?: boolean, … } } | { problems }
 */

import type { Jid } from "../jid/jid.ts";
import type { Element } from "../xml/element.ts";
import {
  extrasOf,
  type FieldFault,
  type FieldShape,
  fieldValue,
  fieldValues,
  typeOf,
  type ValueOf,
} from "./field_shape.ts";
import { buildForm, type Field, type Form, formTypeField, formTypeOf } from "./forms.ts";

/** The values of a form; a field that was not submitted is not in them. */
export type ValuesOf<S extends Record<string, FieldShape>> = { [K in keyof S]?: ValueOf<S[K]> };

/** The values of a form that was read: what had to be filled in is in them. */
export type FilledOf<S extends Record<string, FieldShape>> =
  & { [K in keyof S as S[K] extends { required: true } ? K : never]: NonNullable<ValueOf<S[K]>> }
  & ValuesOf<S>;

/** What is wrong with a submitted field. */
export interface FormProblem {
  readonly field: string;
  readonly fault: FieldFault;
  /** A sentence for a person, naming the field. */
  readonly text: string;
}

/** What a person sees around the fields. */
export interface FormWords {
  readonly title?: string | undefined;
  readonly instructions?: readonly string[];
}

/** A form of known fields. */
export class FormShape<S extends Record<string, FieldShape>> {
  readonly name: string;
  readonly fields: S;

  constructor(name: string, fields: S) {
    this.name = name;
    this.fields = fields;
  }

  /** The form to fill in, with the present values in it. */
  form(values: ValuesOf<S> = {}, words: FormWords = {}): Element {
    return buildForm({ type: "form", ...words, fields: this.#fields(values, true) });
  }

  /**
   * The same fields as data: a result, or (for a client) a submission. Fields without a value are left out.
   */
  data(values: ValuesOf<S>, type: "result" | "submit" = "result"): Element {
    return buildForm({ type, fields: this.#fields(values, false) });
  }

  /** The values that were submitted, or everything that is wrong with them. */
  read(form: Form): { values: FilledOf<S> } | { problems: FormProblem[] } {
    const about = formTypeOf(form);
    if (about !== undefined && about !== this.name) {
      const text = `the form is about "${about.slice(0, 80)}" and not about "${this.name}"`;
      return { problems: [{ field: "FORM_TYPE", fault: "unknown", text }] };
    }
    const values: Record<string, string | string[] | boolean | number | Jid | Jid[] | null> = {};
    const problems: FormProblem[] = [];
    const seen = new Set<string>();
    for (const field of form.fields) {
      const name = field.var;
      const shape = name === undefined ? undefined : this.#shape(name);
      if (name === undefined || shape === undefined || seen.has(name)) continue;
      seen.add(name);
      const read = fieldValue(shape, field.values);
      if ("fault" in read) {
        problems.push({ field: name, fault: read.fault, text: `${shape.label} (${name}): ${read.text}` });
      } else values[name] = read.value;
    }
    for (const [name, shape] of Object.entries(this.fields)) {
      if (!shape.required || seen.has(name)) continue;
      problems.push({ field: name, fault: "missing", text: `${shape.label} (${name}): must be filled in` });
    }
    return problems.length > 0 ? { problems } : { values: values as FilledOf<S> };
  }

  #shape(name: string): FieldShape | undefined {
    return Object.hasOwn(this.fields, name) ? this.fields[name] : undefined;
  }

  #fields(values: ValuesOf<S>, whole: boolean): Field[] {
    const fields: Field[] = [formTypeField(this.name)];
    for (const [name, shape] of Object.entries(this.fields)) {
      const given = values[name];
      const value = given === undefined && whole ? shape.initial : given;
      if (value === undefined && !whole) continue;
      const written = fieldValues(value);
      const field: Field = { var: name, type: typeOf(shape), values: written };
      if (!whole) fields.push(field);
      else {
        const options = "options" in shape ? { options: shape.options } : {};
        const extra = extrasOf(shape);
        fields.push({
          ...field,
          label: shape.label,
          desc: shape.desc,
          required: shape.required ?? false,
          ...options,
          ...(extra.length === 0 ? {} : { extra }),
        });
      }
    }
    return fields;
  }
}

/** A form about `name` (its FORM_TYPE, XEP-0068) with these fields. */
export function formShape<const S extends Record<string, FieldShape>>(name: string, fields: S): FormShape<S> {
  return new FormShape(name, fields);
}
