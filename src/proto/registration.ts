/**
 * In-band registration (XEP-0077): the payloads of making an account, changing its password and removing it.
 */

import { el, type Element } from "../xml/element.ts";
import { formOf } from "./forms.ts";
import { buildOob } from "./oob.ts";

/** The namespace of the payloads. */
export const REGISTER_NS = "jabber:iq:register";
/** The stream feature that says accounts can be made here. */
export const REGISTER_FEATURE_NS = "http://jabber.org/features/iq-register";

/** The fields of the simple form (XEP-0077 §14.1). */
export const REGISTRATION_FIELDS = [
  "username",
  "nick",
  "password",
  "name",
  "first",
  "last",
  "email",
  "address",
  "city",
  "state",
  "zip",
  "phone",
  "url",
  "date",
  "misc",
  "text",
  "key",
] as const;

/** One of them. */
export type RegistrationField = typeof REGISTRATION_FIELDS[number];

const FIELDS: ReadonlySet<string> = new Set(REGISTRATION_FIELDS);

/** What is needed to register. */
export interface RegistrationOffer {
  readonly instructions?: string | undefined;
  /** The fields of the simple form, empty; for those who cannot fill in data forms. */
  readonly fields: readonly RegistrationField[];
  /** The asker has an account: what is known of it. */
  readonly registered?: Readonly<Partial<Record<RegistrationField, string>>> | undefined;
  /** A data form with all that is asked for; it comes first where both are understood (§6). */
  readonly form?: Element | undefined;
  /** A page to register at instead. */
  readonly url?: string | undefined;
}

/** What somebody asks for with a `set`. */
export type RegistrationRequest =
  | { readonly kind: "remove" }
  /** The values, those of a data form with whatever names it has. */
  | {
    readonly kind: "submit";
    readonly values: ReadonlyMap<string, string>;
    readonly about: string | undefined;
  }
  /** A data form was called off. */
  | { readonly kind: "cancel" }
  /** `<remove/>` was not alone (§3.2), or there was nothing. */
  | { readonly kind: "malformed" };

/** The answer to a `get`. */
export function buildRegistration(offer: RegistrationOffer): Element {
  const { registered } = offer;
  return el("query", REGISTER_NS, undefined, [
    registered && el("registered", REGISTER_NS),
    offer.instructions === undefined
      ? undefined
      : el("instructions", REGISTER_NS, undefined, offer.instructions),
    ...offer.fields.map((name) => el(name, REGISTER_NS, undefined, registered?.[name] ?? [])),
    offer.form,
    offer.url === undefined ? undefined : buildOob({ url: offer.url }),
  ]);
}

/** Reads the `<query/>` of a `set`. A data form counts before the simple fields (§6). */
export function readRegistration(query: Element): RegistrationRequest {
  const own = query.elementsOf(REGISTER_NS);
  if (own.some((child) => child.name === "remove")) {
    return query.elements().length === 1 ? { kind: "remove" } : { kind: "malformed" };
  }
  const form = formOf(query);
  if (form?.type === "cancel") return { kind: "cancel" };
  const values = new Map<string, string>();
  if (form?.type === "submit") {
    for (const field of form.fields) {
      const value = field.values[0];
      if (field.var !== undefined && field.var !== "FORM_TYPE" && value !== undefined) {
        values.set(field.var, value);
      }
    }
    return {
      kind: "submit",
      values,
      about: form.fields.find((field) => field.var === "FORM_TYPE")?.values[0],
    };
  }
  for (const child of own) if (FIELDS.has(child.name)) values.set(child.name, child.text);
  return values.size === 0 ? { kind: "malformed" } : { kind: "submit", values, about: undefined };
}

/** What stream features say when accounts can be made before logging in (§8). */
export function buildRegistrationFeature(): Element {
  return el("register", REGISTER_FEATURE_NS);
}
