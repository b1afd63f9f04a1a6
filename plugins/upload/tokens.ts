/** What proves that a file may be put: made of a secret of the host, so that nothing of it need be kept. */
import { encodeBase64, encodeUtf8, hmac, timingSafeEqual } from "#plugin";

/** What a token says beside that. */
export interface Claims {
  /** When the file shall be gone, in ms. */
  readonly until: number;
}

export class Tokens {
  constructor(private readonly secret: Uint8Array) {}

  make(id: string, { until }: Claims): string {
    const when = until === Infinity ? "" : until.toString(36);
    return `${when}.${this.#sign(id, when)}`;
  }

  /** What a token for a file claims; undefined where it is none of ours. */
  of(id: string, token: string): Claims | undefined {
    const [when = "", signature = "", ...more] = token.split(".");
    if (more.length > 0 || !timingSafeEqual(encodeUtf8(signature), encodeUtf8(this.#sign(id, when)))) {
      return undefined;
    }
    return { until: when === "" ? Infinity : parseInt(when, 36) };
  }

  #sign(id: string, when: string): string {
    const mac = encodeBase64(hmac("SHA-256", this.secret, `upload\0${id}\0${when}`));
    return mac.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  }
}
