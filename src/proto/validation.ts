/**
 * Data forms validation (XEP-0122): what a field's values must be, said in the form itself. Patterns are read and written
 * and never run: a stranger's pattern costs what the stranger likes, and §4.1 lets every method count as `basic`.
 */

import { el, type Element } from "../xml/element.ts";

/** The namespace of `<validate/>`, which is also the feature to announce. */
export const VALIDATE_NS = "http://jabber.org/protocol/xdata-validate";

/** How values are checked beside being of their datatype (XEP-0122 §3.2). */
export type ValidationMethod =
  | { readonly kind: "basic" }
  /** Values beside the options are welcome. */
  | { readonly kind: "open" }
  | { readonly kind: "range"; readonly min?: string | undefined; readonly max?: string | undefined }
  | { readonly kind: "regex"; readonly pattern: string };

/** What the values of a field must be. */
export interface Validation {
  /** `xs:string` when left out. */
  readonly datatype?: string | undefined;
  /** `basic` when left out. */
  readonly method?: ValidationMethod | undefined;
  /** How many options of a `list-multi` must be chosen (§3.3). */
  readonly listRange?: { readonly min?: number | undefined; readonly max?: number | undefined } | undefined;
}

const METHODS: ReadonlySet<string> = new Set(["basic", "open", "range", "regex"]);
const COUNT = /^\d{1,9}$/;

/** A `<validate/>`. */
export function buildValidation({ datatype, method, listRange }: Validation): Element {
  return el("validate", VALIDATE_NS, { datatype }, [
    buildMethod(method ?? { kind: "basic" }),
    listRange &&
    el("list-range", VALIDATE_NS, { min: listRange.min?.toString(), max: listRange.max?.toString() }),
  ]);
}

/** Reads a `<validate/>`; undefined where it names more than one method (§3.2), or a count that is none. */
export function readValidation(element: Element): Validation | undefined {
  const own = element.elementsOf(VALIDATE_NS);
  const methods = own.filter((child) => METHODS.has(child.name));
  if (methods.length > 1) return undefined;
  const range = own.find((child) => child.name === "list-range");
  const min = countOf(range?.attr("min"));
  const max = countOf(range?.attr("max"));
  if (min === null || max === null) return undefined;
  return {
    datatype: element.attr("datatype") ?? "xs:string",
    method: methods[0] === undefined ? { kind: "basic" } : readMethod(methods[0]),
    listRange: range && { min, max },
  };
}

function buildMethod(method: ValidationMethod): Element {
  switch (method.kind) {
    case "range":
      return el("range", VALIDATE_NS, { min: method.min, max: method.max });
    case "regex":
      return el("regex", VALIDATE_NS, undefined, method.pattern);
    default:
      return el(method.kind, VALIDATE_NS);
  }
}

function readMethod(element: Element): ValidationMethod {
  switch (element.name) {
    case "open":
      return { kind: "open" };
    case "range":
      return { kind: "range", min: element.attr("min"), max: element.attr("max") };
    case "regex":
      return { kind: "regex", pattern: element.text };
    default:
      return { kind: "basic" };
  }
}

/** A count; null where the text is none. */
function countOf(text: string | undefined): number | undefined | null {
  if (text === undefined) return undefined;
  return COUNT.test(text) ? Number(text) : null;
}
