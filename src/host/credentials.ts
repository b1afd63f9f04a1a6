/** What an authentication provider offers its host: checks for SASL, and accounts where it keeps them. */
import { defineService } from "../hook/token.ts";
import type { Credentials as SaslCredentials, ScramHash, ScramKeys } from "../sasl/mechanism.ts";

export interface Credentials extends SaslCredentials {
  exists(local: string): boolean;
  list(): Iterable<string>;
  /** Absent where accounts are kept elsewhere. Rejects with a StanzaError `conflict` or `not-acceptable`. */
  create?(local: string, password: string): Promise<void>;
  setPassword?(local: string, password: string): Promise<void>;
  /** Forgets how the account logs in; the host purges its data. */
  remove?(local: string): void;
  /** Of the hashes that it has keys for, those that an account has no keys of; none for one that does not exist. */
  lacking?(local: string): readonly ScramHash[];
  /** Keeps the keys of one more hash (XEP-0480); the others stay. Present only together with `lacking`. */
  learn?(local: string, hash: ScramHash, keys: ScramKeys): void;
  /** Whether accounts last only as long as their sessions (XEP-0175). */
  readonly temporary?: boolean;
}

/** Exactly one plugin of a user host provides it. */
export const credentials = defineService<Credentials>("credentials");
