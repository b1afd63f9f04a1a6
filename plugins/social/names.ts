/** The namespaces of social feeds. */

/** RFC 4287. */
export const ATOM_NS = "http://www.w3.org/2005/Atom";
/** XEP-0277: a person's blog is the node of this name at their account. */
export const MICROBLOG = "urn:xmpp:microblog:0";
/** XEP-0501. */
export const STORIES = "urn:xmpp:pubsub-social-feed:stories:0";
/** XEP-0470. */
export const ATTACHMENTS_NS = "urn:xmpp:pubsub-attachments:1";
export const SUMMARY_NS = "urn:xmpp:pubsub-attachments:summary:1";
