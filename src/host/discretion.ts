/**
 * Who may know that there is an account (RFC 6121 §8.5.1, XEP-0030 §8): a request to an account that is refused because it is
 * somebody else's says to strangers what is said of a name that nobody has.
 */
import { defineService } from "../hook/token.ts";
import type { Jid } from "../jid/jid.ts";
import { StanzaError } from "../stanza/error.ts";

/** Who is known to an account; without it nobody is. */
export interface Acquaintance {
  knows(local: string, who: Jid): boolean;
}
export const acquaintance = defineService<Acquaintance>("acquaintance");

/** Why a request to an account is not for the one who asks, as far as he may know of the account. */
export class NotYours extends StanzaError {
  constructor(text: string, condition: "forbidden" | "not-allowed" = "forbidden") {
    super(condition, text);
  }
}
