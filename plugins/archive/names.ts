/** The namespace of archives. */
export const MAM_NS = "urn:xmpp:mam:2";
