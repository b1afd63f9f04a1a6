/** The configuration's limits in the shape that streams want. */
import type { Settings } from "../config/mod.ts";
import type { StreamLimits } from "../stream/limits.ts";

const CLOSE_TIMEOUT = 5_000;

/** How many connections there may be at a time. */
export function connectionLimits(limits: Settings["limits"]): { perAddress: number; total: number } {
  return { perAddress: limits.connections_per_address || Infinity, total: limits.connections || Infinity };
}

/** Those of external components: the same sizes and time-outs, but one connection carries many people's stanzas. */
export function componentLimits(limits: Settings["limits"]): StreamLimits {
  return withRates(limits, limits.component_bytes_per_second, limits.component_stanzas_per_second);
}

/** Those of other servers, of which the same is true. Silence is watched as each host's federation says. */
export function serverLimits(limits: Settings["limits"]): StreamLimits {
  return withRates(limits, limits.server_bytes_per_second, limits.server_stanzas_per_second);
}

function withRates(limits: Settings["limits"], bytes: number, stanzas: number): StreamLimits {
  return {
    ...streamLimits(limits),
    bytesPerSecond: bytes,
    bytesBurst: Math.max(bytes, limits.bytes_burst),
    stanzasPerSecond: stanzas,
    stanzasBurst: Math.max(stanzas, limits.stanzas_burst),
  };
}

/** Those of clients. */
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
