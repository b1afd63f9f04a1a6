/** XEP-0124 §15: keys that only the client knows, each the hash of the next, so that nobody else can send in its name. */
import { type Attrs, encodeHex, encodeUtf8, hashed } from "#plugin";

export class BoshKeys {
  /** What the hash of the next key must be; "" while there are no keys. */
  #expected = "";

  /** Whether a request belongs to the sequence; requests are asked about in their order. */
  accepts({ key, newkey }: Attrs): boolean {
    if (this.#expected !== "") {
      if (key === undefined) return false;
      if (encodeHex(hashed("SHA-1", encodeUtf8(key))) !== this.#expected) return false;
    }
    if (newkey !== undefined) this.#expected = newkey.toLowerCase();
    else if (this.#expected !== "") this.#expected = key!.toLowerCase();
    return true;
  }
}
