/** What one stream may cost, as the configuration says it. Shared by all streams of a listener. */
import type { Limits } from "../xml/reader.ts";

export interface StreamLimits {
  /** For the reader before and after the peer has proved who it is. */
  readonly unauthenticated: Limits;
  readonly authenticated: Limits;
  /** Token buckets; a rate of 0 is no limit. Exceeding one only makes the peer wait. */
  readonly bytesPerSecond: number;
  readonly bytesBurst: number;
  readonly stanzasPerSecond: number;
  readonly stanzasBurst: number;
  /** Bytes that may wait for a peer that does not read; then it is closed. */
  readonly sendQueue: number;
  /** Milliseconds. */
  readonly authenticationTimeout: number;
  readonly handshakeTimeout: number;
  readonly closeTimeout: number;
  /** After how much silence the peer is asked whether it is there, and how long it may take to answer; 0 is never. */
  readonly pingAfter: number;
  readonly pingTimeout: number;
}
