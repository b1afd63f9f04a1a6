/** What we open a stream to another server for, and by which rules. */
import type { Maybe } from "../base/maybe.ts";
import type { StanzaError } from "../stanza/error.ts";
import type { OutgoingCarrier } from "../transport/connect.ts";
import type { TlsMinimum } from "../transport/tls_context.ts";
import type { LocalDomain, PeerStream, Proof } from "./federation.ts";

/** What a stream is opened for. */
export interface Errand {
  readonly local: LocalDomain;
  readonly remote: string;
  readonly carrier: OutgoingCarrier;
  /** The oldest version of TLS that is spoken. */
  readonly minimum: TlsMinimum;
  /** It only asks for the confirmation of keys, and carries nothing. */
  readonly verifies: boolean;
  /** What the certificates of the target prove. */
  judge(chain: readonly Uint8Array[]): Maybe<Proof>;
  /** A stream that broke and is to be gone on with. */
  readonly resuming: PeerStream | undefined;
  /**
   * Told once: the stream is of use, or why it is not. `decided`: the peer has judged who we are, so that another of its servers
   * would say the same.
   */
  done(failure: StanzaError | undefined, decided: boolean): void;
}
