/** The channel bindings a server can know of in this runtime (RFC 5929 §4; RFC 9266). */
export type Binding = "tls-server-end-point" | "tls-exporter";
