/**
 * Names and namespaces that XMPP uses all the time, found in place: `internName(text, start, end)` returns
 * the one shared string for a stretch of input without cutting it out first. A known name is also a valid one, so only
 * the unknown ones are checked against the grammar.
 */

/** Inside the server, the three content namespaces of RFC 6120 §4.8.2 and XEP-0114 are this one. */
export const CONTENT_NS = "jabber:client";
/** The namespace of `<stream:stream>`, `<stream:features>` and `<stream:error>`. */
export const STREAM_NS = "http://etherx.jabber.org/streams";
/** What the prefix `xml` is bound to, always (Namespaces in XML §3). */
export const XML_NS = "http://www.w3.org/XML/1998/namespace";
/** What the prefix `xmlns` is bound to, always; nothing may be in it. */
export const XMLNS_NS = "http://www.w3.org/2000/xmlns/";

const KNOWN_NAMES = `xmlns xml:lang xmlns:stream xmlns:db stream:stream stream:features stream:error
  stream lang db result verify db:result db:verify features error starttls proceed required mechanisms mechanism
  auth challenge response success failure abort bind session jid resource message presence iq query body subject
  thread show status priority c x item items group reason active composing paused gone inactive received request
  sent forwarded delay stanza-id origin-id store no-store no-copy no-permanent-store private replace reference
  enable enabled resume resumed r a failed sm csi ping vCard PHOTO BINVAL TYPE FN N photo pubsub publish event
  retract configure feature identity field value option title instructions fin set first last count max before
  after index include prefs always never markable displayed acknowledged encrypted header key iv payload data
  html span p br a text authentication authenticate inline bind2 tag user-agent software device id to from type
  version ver hash node name var category subscription ask approved stamp by h xmlns:xml mechanism handshake
  affiliation role nick actor invite decline password code history maxstanzas maxchars seconds since destroy
  previd location resumption allow seqno sid rid prekey keyid href src alt style class label mime-type size width
  height url desc file range algo conference autojoin list block unblock blocked register username remove email
  registered storage command action note actions sessionid open close conflict item-not-found service-unavailable
  bad-request feature-not-implemented forbidden not-allowed not-authorized remote-server-not-found cancel`;

const KNOWN_NAMESPACES = `jabber:client jabber:server jabber:component:accept jabber:server:dialback
  http://etherx.jabber.org/streams http://www.w3.org/XML/1998/namespace http://www.w3.org/1999/xhtml
  urn:ietf:params:xml:ns:xmpp-streams urn:ietf:params:xml:ns:xmpp-stanzas urn:ietf:params:xml:ns:xmpp-tls
  urn:ietf:params:xml:ns:xmpp-sasl urn:ietf:params:xml:ns:xmpp-bind urn:ietf:params:xml:ns:xmpp-session
  urn:ietf:params:xml:ns:xmpp-framing urn:xmpp:sasl:2 urn:xmpp:bind:0 urn:xmpp:sm:2 urn:xmpp:sm:3 urn:xmpp:csi:0
  urn:xmpp:carbons:2 urn:xmpp:forward:0 urn:xmpp:delay urn:xmpp:hints urn:xmpp:sid:0 urn:xmpp:receipts
  urn:xmpp:chat-markers:0 urn:xmpp:mam:2 urn:xmpp:mam:1 urn:xmpp:mam:tmp urn:xmpp:ping urn:xmpp:time
  urn:xmpp:blocking urn:xmpp:push:0 urn:xmpp:message-correct:0 urn:xmpp:reactions:0 urn:xmpp:reply:0
  urn:xmpp:fallback:0 urn:xmpp:eme:0 urn:xmpp:omemo:2 urn:xmpp:jingle-message:0 urn:xmpp:idle:1
  urn:xmpp:avatar:metadata urn:xmpp:avatar:data urn:xmpp:http:upload:0 urn:xmpp:bookmarks:1 urn:xmpp:features:rosterver
  urn:xmpp:features:pre-approval urn:xmpp:sasl-cb:0 urn:xmpp:stream-limits:0 urn:xmpp:extdisco:2 urn:xmpp:bidi
  urn:xmpp:features:bidi urn:xmpp:features:dialback urn:xmpp:mention:0 urn:xmpp:attention:0 urn:xmpp:occupant-id:0
  jabber:iq:roster jabber:iq:auth jabber:iq:register jabber:iq:private jabber:iq:privacy jabber:iq:last
  jabber:iq:version jabber:iq:search jabber:iq:oob jabber:iq:gateway jabber:x:data jabber:x:oob jabber:x:delay
  jabber:x:conference jabber:x:event jabber:x:encrypted vcard-temp vcard-temp:x:update storage:bookmarks
  http://jabber.org/protocol/disco#info http://jabber.org/protocol/disco#items http://jabber.org/protocol/caps
  http://jabber.org/protocol/chatstates http://jabber.org/protocol/muc http://jabber.org/protocol/muc#user
  http://jabber.org/protocol/muc#admin http://jabber.org/protocol/muc#owner http://jabber.org/protocol/nick
  http://jabber.org/protocol/pubsub http://jabber.org/protocol/pubsub#event http://jabber.org/protocol/pubsub#owner
  http://jabber.org/protocol/commands http://jabber.org/protocol/rsm http://jabber.org/protocol/offline
  http://jabber.org/protocol/address http://jabber.org/protocol/xhtml-im http://jabber.org/protocol/bytestreams
  http://jabber.org/protocol/ibb http://jabber.org/features/iq-register http://jabber.org/features/compress
  eu.siacs.conversations.axolotl`;

const SLOTS = 1024;

/** Strings by a cheap hash; a slot is rarely longer than one. Filled here, only read afterwards. */
type Table = readonly (readonly string[] | undefined)[];

const NAMES: Table = fill(KNOWN_NAMES);
const NAMESPACES: Table = fill(KNOWN_NAMESPACES);

function fill(words: string): Table {
  const table = new Array<string[] | undefined>(SLOTS).fill(undefined);
  // Object.keys gives the strings V8 itself keeps for property names: flat, and fast as keys of attribute records. Those
  // that split() gives point into the whole list, and reading a character of such a string costs three times as much.
  const shared = Object.keys(Object.fromEntries(words.split(/\s+/).map((word) => [word, 0])));
  for (const word of shared) (table[slot(word, 0, word.length)] ??= []).push(word);
  return table;
}

function slot(text: string, start: number, end: number): number {
  const first = text.charCodeAt(start);
  const middle = text.charCodeAt((start + end) >> 1);
  const last = text.charCodeAt(end - 1);
  return ((end - start) * 37 + first * 5 + middle * 131 + last * 17) & (SLOTS - 1);
}

/** The shared string for the name at `text.slice(start, end)`, or undefined when it is not a known one. */
export function internName(text: string, start: number, end: number): string | undefined {
  return lookUp(NAMES, text, start, end);
}

/** The shared string for the namespace at `text.slice(start, end)`, or undefined when it is not a known one. */
export function internNs(text: string, start: number, end: number): string | undefined {
  return lookUp(NAMESPACES, text, start, end);
}

function lookUp(table: Table, text: string, start: number, end: number): string | undefined {
  if (start >= end) return undefined;
  const known = table[slot(text, start, end)];
  if (known === undefined) return undefined;
  // A cut costs V8 no copying to speak of, and comparing whole strings is faster than comparing characters.
  const cut = text.slice(start, end);
  for (let k = 0; k < known.length; k++) if (known[k] === cut) return known[k];
  return undefined;
}

const NAME_START =
  "A-Z_a-z\\u00c0-\\u00d6\\u00d8-\\u00f6\\u00f8-\\u02ff\\u0370-\\u037d\\u037f-\\u1fff\\u200c\\u200d" +
  "\\u2070-\\u218f\\u2c00-\\u2fef\\u3001-\\ud7ff\\uf900-\\ufdcf\\ufdf0-\\ufffd\\u{10000}-\\u{effff}";
const NAME_REST = `${NAME_START}\\-.0-9\\u00b7\\u0300-\\u036f\\u203f\\u2040`;
const NCNAME = new RegExp(`^[${NAME_START}][${NAME_REST}]*$`, "u");
const QNAME = new RegExp(`^[${NAME_START}][${NAME_REST}]*(?::[${NAME_START}][${NAME_REST}]*)?$`, "u");

/** Whether this is a name without a colon (Namespaces in XML §3, production NCName). */
export function isName(text: string): boolean {
  return internName(text, 0, text.length) !== undefined ? !text.includes(":") : NCNAME.test(text);
}

/** Whether an attribute record may have this key: a local name, `xml:local` or `{uri}local`, but no declaration. */
export function isAttributeKey(key: string): boolean {
  if (internName(key, 0, key.length) === undefined || key.includes(":")) {
    if (key.charCodeAt(0) === 123) {
      return isExpanded(key);
    }
    return key.startsWith("xml:") ? NCNAME.test(key.slice(4)) : key !== "xmlns" && NCNAME.test(key);
  }
  return key !== "xmlns";
}

/** `{uri}local`. The namespace may contain a "}", the local name cannot. */
function isExpanded(key: string): boolean {
  const end = key.lastIndexOf("}");
  return end > 1 && NCNAME.test(key.slice(end + 1));
}

/** Whether this is a name with at most one prefix (Namespaces in XML §4, production QName). */
export function isQualifiedName(text: string): boolean {
  return QNAME.test(text);
}

/** One namespace for the three content namespaces; any other is returned as it is. */
export function canonicalNs(ns: string): string {
  // The first letter spares most namespaces the comparisons.
  if (ns.charCodeAt(0) !== 106) return ns;
  return ns === "jabber:server" || ns === "jabber:component:accept" ? CONTENT_NS : ns;
}

/** Whether this is a namespace that only its own prefix may have (Namespaces in XML §3). */
export function isReservedNs(ns: string): boolean {
  return (ns.length === XML_NS.length && ns === XML_NS) || (ns.length === XMLNS_NS.length && ns === XMLNS_NS);
}
