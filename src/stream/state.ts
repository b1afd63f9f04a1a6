/** What a stream has become, as bits: what a feature needs and forbids is said in the same bits. */

/** Protected by TLS. */
export const Secure = 1;
/** The peer has proved who it is. */
export const Authenticated = 2;
/** A client's stream has a resource (RFC 6120 §7). */
export const Bound = 4;
/** The peer opened it. */
export const Inbound = 8;
/** The peer is a server. */
export const Server = 16;
