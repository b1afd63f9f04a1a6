/**
 * Datatypes of form fields (XEP-0122 §3.1): the ones that the registry of that XEP has, as XML Schema Part 2 writes their
 * values. A datatype nobody knows counts as `xs:string` (§4.1).
 */

import { booleanOf } from "./forms.ts";
import { parseDate, parseDateTime, parseTime, parseZone } from "./datetime.ts";

/** Where a value stands among those of its datatype; null where they have no order. */
export type Measure = number | bigint | null;

const DECIMAL = /^[+-]?(\d+(\.\d*)?|\.\d+)$/;
const DOUBLE = /^[+-]?(\d+(\.\d*)?|\.\d+)([Ee][+-]?\d+)?$/;
const INTEGER = /^[+-]?\d{1,200}$/;
const LANGUAGE = /^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$/;
// RFC 3987 §2.2 leaves all of these out of references, too.
const NO_URI = /[\s<>"{}|\\^`]/;

/** Reads a value: undefined where it is none of the datatype. */
const READERS = {
  "xs:anyURI": (text) => NO_URI.test(text) ? undefined : null,
  "xs:boolean": (text) => booleanOf(text) === undefined ? undefined : null,
  "xs:byte": (text) => whole(text, -128n, 127n),
  "xs:date": date,
  "xs:dateTime": parseDateTime,
  "xs:decimal": (text) => DECIMAL.test(text) ? Number(text) : undefined,
  "xs:double": double,
  "xs:int": (text) => whole(text, -2147483648n, 2147483647n),
  "xs:integer": (text) => whole(text),
  "xs:language": (text) => LANGUAGE.test(text) ? null : undefined,
  "xs:long": (text) => whole(text, -9223372036854775808n, 9223372036854775807n),
  "xs:short": (text) => whole(text, -32768n, 32767n),
  "xs:string": () => null,
  "xs:time": parseTime,
} as const satisfies Record<string, (text: string) => Measure | undefined>;

/** A datatype that is known here. */
export type Datatype = keyof typeof READERS;

/** Where the text stands among the values of a datatype; undefined when it is not one of them. */
export function measureOf(datatype: string, text: string): Measure | undefined {
  return Object.hasOwn(READERS, datatype) ? READERS[datatype as Datatype](text) : null;
}

/** What is wrong with a text, in words; undefined when it is of the datatype and between the bounds (both included). */
export function datatypeFault(
  datatype: string,
  text: string,
  min?: string,
  max?: string,
): { readonly fault: "not-of-type" | "range"; readonly text: string } | undefined {
  const measure = measureOf(datatype, text);
  if (measure === undefined) return { fault: "not-of-type", text: `is not of the type ${datatype}` };
  if (measure === null) return undefined;
  const low = min === undefined ? undefined : measureOf(datatype, min);
  const high = max === undefined ? undefined : measureOf(datatype, max);
  if (low !== undefined && low !== null && measure < low) {
    return { fault: "range", text: `must be ${min} or more` };
  }
  if (high !== undefined && high !== null && measure > high) {
    return { fault: "range", text: `must be ${max} or less` };
  }
  return undefined;
}

function whole(text: string, low?: bigint, high?: bigint): bigint | undefined {
  if (!INTEGER.test(text)) return undefined;
  const value = BigInt(text.startsWith("+") ? text.slice(1) : text);
  return low !== undefined && value < low || high !== undefined && value > high ? undefined : value;
}

function double(text: string): Measure | undefined {
  if (text === "INF") return Infinity;
  if (text === "-INF") return -Infinity;
  // NaN is a value, and stands nowhere.
  if (text === "NaN") return null;
  return DOUBLE.test(text) ? Number(text) : undefined;
}

/** A day, with a zone or without one (XML Schema Part 2 §3.2.9). */
function date(text: string): number | undefined {
  const day = parseDate(text.slice(0, 10));
  const zone = text.length === 10 ? 0 : parseZone(text.slice(10));
  return day === undefined || zone === undefined ? undefined : day - zone * 60_000;
}
