/** Answers to stanzas: results and errors (RFC 6120 §8.2.3, §8.3.1). */
import { Jid } from "../jid/jid.ts";
import { el, type Element } from "../xml/element.ts";
import { CONTENT_NS } from "../xml/names.ts";
import type { StanzaError } from "./error.ts";
import { Stanza } from "./stanza.ts";

/** The result of a request; `payload` may be left out. */
export function resultOf(request: Stanza, payload?: Element): Stanza {
  return Stanza.of(
    el("iq", CONTENT_NS, { type: "result", id: request.id }, [payload]),
    request.to,
    request.from,
  );
}

/**
 * The error that answers a stanza, with the addresses exchanged; undefined where none may be sent: for errors, for iq
 * results, and for presence that is not a request of some kind is up to the caller.
 */
export function errorOf(stanza: Stanza, error: StanzaError): Stanza | undefined {
  if (stanza.isError || (stanza.kind === "iq" && stanza.type === "result")) return undefined;
  return Stanza.of(
    el(stanza.kind, CONTENT_NS, { type: "error", id: stanza.id }, [error.details.beside, error.toElement()]),
    stanza.to,
    stanza.from,
  );
}

/**
 * The error for an element that could not be read as a stanza, in the name of its addressee, or of the host where that is
 * what is wrong. Undefined where it is itself an error or a result.
 */
export function errorOfElement(
  source: Element,
  error: StanzaError,
  to: Jid | undefined,
  host: Jid,
): Stanza | undefined {
  const type = source.attr("type");
  if (type === "error" || (source.name === "iq" && type === "result")) return undefined;
  return Stanza.of(
    el(source.name, CONTENT_NS, { type: "error", id: source.attr("id") }, [error.toElement()]),
    Jid.tryParse(source.attr("to") ?? "") ?? host,
    to,
  );
}
