/** The namespaces of XEP-0045 and of what belongs to its core. */

export const MUC_NS = "http://jabber.org/protocol/muc";
export const USER_NS = `${MUC_NS}#user`;
export const ADMIN_NS = `${MUC_NS}#admin`;
export const OWNER_NS = `${MUC_NS}#owner`;
export const CONFIG_NS = `${MUC_NS}#roomconfig`;
export const INFO_NS = `${MUC_NS}#roominfo`;
export const REQUEST_NS = `${MUC_NS}#request`;
export const REGISTER_FORM_NS = `${MUC_NS}#register`;
/** XEP-0307. */
export const UNIQUE_NS = `${MUC_NS}#unique`;
/** XEP-0410. */
export const SELF_PING_NS = `${MUC_NS}#self-ping-optimization`;
export const STABLE_ID_NS = `${MUC_NS}#stable_id`;
/** XEP-0421. */
export const OCCUPANT_ID_NS = "urn:xmpp:occupant-id:0";
/** XEP-0317. */
export const HATS_NS = "urn:xmpp:hats:0";
/** XEP-0199. */
export const PING_NS = "urn:xmpp:ping";
/** XEP-0077. */
export const REGISTER_NS = "jabber:iq:register";
/** XEP-0050. */
export const COMMANDS_NS = "http://jabber.org/protocol/commands";
