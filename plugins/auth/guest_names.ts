/** The names of guests: made from their address and a secret, so that nobody can tell the one from the other. */
import {
  CidrList,
  decodeBase64,
  encodeBase64,
  encodeHex,
  encodeUtf8,
  hmac,
  type HostScope,
  keyval,
  networkOf,
  type Secret,
} from "#plugin";

export interface NamingOptions {
  readonly renew: number;
  readonly random_names: readonly string[];
  readonly secret?: Secret | undefined;
}

/** Milliseconds since 1970; base64. */
interface KeptSecret {
  readonly made: number;
  readonly secret: string;
}

const secrets = keyval<KeptSecret>("anonymous.secret");
/** Of the 256 bits of a digest, as hexadecimal digits. */
const LENGTH = 32;

/** Makes the name for a guest from an address. */
export function guestNames(host: HostScope<NamingOptions>): (address: string) => string {
  const { renew, secret, random_names: shared } = host.config;
  const store = host.open(secrets);
  const random = new CidrList(shared);

  const key = (): Uint8Array => {
    if (secret !== undefined) return encodeUtf8(secret.reveal());
    const now = host.clock.now();
    const kept = store.get("");
    const bytes = kept === undefined ? undefined : decodeBase64(kept.secret);
    if (bytes !== undefined && (renew === 0 || now < kept!.made + renew)) return bytes;
    const made = crypto.getRandomValues(new Uint8Array(32));
    store.set("", { made: now, secret: encodeBase64(made) });
    return made;
  };

  return (address) => {
    const digest = random.has(address)
      ? crypto.getRandomValues(new Uint8Array(LENGTH / 2))
      : hmac("SHA-256", key(), `${host.domain}\0${networkOf(address)}`);
    return encodeHex(digest).slice(0, LENGTH);
  };
}
