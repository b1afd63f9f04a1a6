/** Namespaces that several of the plugins for rooms speak. */
export const USER_NS = "http://jabber.org/protocol/muc#user";
/** XEP-0421. */
export const OCCUPANT_ID_NS = "urn:xmpp:occupant-id:0";
export const MUC_NS = "http://jabber.org/protocol/muc";
/** XEP-0424. */
export const RETRACT_NS = "urn:xmpp:message-retract:1";
