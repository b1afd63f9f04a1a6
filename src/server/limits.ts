/** The configuration's limits in the shape that streams want. */
import type { Settings } from "../config/mod.ts";
import type { StreamLimits } from "../stream/limits.ts";

const CLOSE_TIMEOUT = 5_000;

export function streamLimits(limits: Settings["limits"]): StreamLimits {
  const { depth, attributes } = limits;
  return {
    unauthenticated: { stanzaBytes: limits.stanza_size_unauthenticated, depth, attributes },
    authenticated: { stanzaBytes: limits.stanza_size, depth, attributes },
    bytesPerSecond: limits.bytes_per_second,
    bytesBurst: limits.bytes_burst,
    stanzasPerSecond: limits.stanzas_per_second,
    stanzasBurst: limits.stanzas_burst,
    sendQueue: limits.send_queue,
    authenticationTimeout: limits.authentication_timeout,
    handshakeTimeout: limits.handshake_timeout,
    closeTimeout: CLOSE_TIMEOUT,
    pingAfter: limits.ping_after,
    pingTimeout: limits.ping_timeout,
  };
}
