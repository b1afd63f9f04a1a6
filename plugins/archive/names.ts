/** The namespaces of archives, and what they are kept like. */
export const MAM_NS = "urn:xmpp:mam:2";
/** XEP-0424. */
export const RETRACT_NS = "urn:xmpp:message-retract:1";
