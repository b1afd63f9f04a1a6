/** The plugin face: all that a plugin may import, as `#plugin`. */
export { type AnyPlugin, definePlugin, type Plugin, type PluginFile } from "./plugin.ts";
export type { HostScope, IqTable } from "./host_scope.ts";
export * from "./options.ts";
export { sweep } from "./sweep.ts";

export { isPromise, type Maybe } from "../base/maybe.ts";
export { randomId } from "../base/id.ts";
export { VERSION } from "../base/version.ts";
export type { Clock } from "../base/clock.ts";
export type { Fields, Logger } from "../base/log.ts";
export { Lru } from "../base/lru.ts";
export type { Timed } from "../base/wheel.ts";
export { Bucket } from "../base/throttle.ts";
export { nextTurn, shortly, stepAside } from "../base/turn.ts";
export {
  decodeBase64,
  decodeUtf8,
  encodeBase64,
  encodeHex,
  encodeUtf8,
  timingSafeEqual,
  utf8Length,
} from "../base/bytes.ts";

export { type Certificate, fingerprintOf, readCertificate } from "../transport/certificate.ts";
export { CidrList, networkOf } from "../base/cidr.ts";

export { type Attrs, el, Element, type Node } from "../xml/element.ts";
export { CONTENT_NS } from "../xml/names.ts";
export { parseXml } from "../xml/parse.ts";
export { Made } from "../xml/made.ts";
export { prepared } from "../xml/prepared.ts";
export { XmlError } from "../xml/error.ts";
export { Jid } from "../jid/jid.ts";
export { DomainMap, domainsOf, readDomainPattern } from "../jid/domain_map.ts";
export { JidError } from "../jid/error.ts";

export { type Condition, conditionOf, type ErrorType, StanzaError, STANZAS_NS } from "../stanza/error.ts";
export { errorOf, resultOf } from "../stanza/reply.ts";
export { type Kind, kindOf } from "../stanza/kind.ts";
export { type Reach, Stanza } from "../stanza/stanza.ts";
export type { Written } from "../stanza/written.ts";

export * from "../hook/point.ts";
export { defineTap, type Tap, type TapHandler } from "../hook/tap.ts";
export type { Outcome } from "../hook/compiled.ts";
export {
  defineEvent,
  defineService,
  defineSlot,
  type Event,
  type Service,
  type Slot,
} from "../hook/token.ts";
export type { IqTarget, IqType } from "../hook/table.ts";

export type { StreamFeature, Taken } from "../stream/feature.ts";
export { type StreamCondition, StreamError } from "../stream/error.ts";
export type { End } from "../stream/stream.ts";
export { frames } from "../stream/frames.ts";
export { clientHeader, type Framing, type Header } from "../stream/framing.ts";
export type { Carrier, Endpoint, Sink, TlsInfo } from "../transport/carrier.ts";
export { WebSocketCarrier } from "../transport/web_socket_carrier.ts";
export { Authenticated, Bound, Inbound, Secure, Server } from "../stream/state.ts";

export type { ClientSession } from "../session/client.ts";
export type { ComponentConnection, ComponentHome } from "../session/component_home.ts";
export type { Asker } from "../session/asker.ts";
export type { Entry } from "../session/home.ts";
export type { Claim, PeerPolicy } from "../session/federation.ts";
export type { BindInline, LoginInline, ResumeInline, Resumption } from "../session/inline.ts";
export type { Login, UserAgent } from "../session/login.ts";

export type {
  BindingType,
  Credentials as SaslCredentials,
  Exchange,
  ExchangeContext,
  Failure as SaslFailure,
  Mechanism,
  ScramHash,
  ScramKeys,
  Step as SaslStep,
} from "../sasl/mechanism.ts";
export { failed as saslFailure } from "../sasl/mechanism.ts";
export { hashed, hmac } from "../sasl/digest.ts";
export { decoyKeys, deriveScramKeys, passwordMatches } from "../sasl/scram_keys.ts";

export * from "../host/points.ts";
export { type RegisteredCertificates, registeredCertificates } from "../host/client_certificates.ts";
export { type PeerPair, peerPolicy, type Peers } from "../host/federation.ts";
export type { Counter } from "../base/metrics.ts";
export { type Credentials, credentials } from "../host/credentials.ts";
export { acquaintance, NotYours } from "../host/discretion.ts";
export { componentHome } from "../host/components.ts";
export type { DiscoProvider, DiscoQuery, Identity, Item } from "../host/disco.ts";
export type { Answer, IqHandler, Query } from "../host/draft.ts";
export type { AccountRecord, Accounts } from "../host/accounts.ts";
export { type Role, ROLES } from "../host/roles.ts";
export type { Route } from "../host/router.ts";
export {
  type OperatorCommands,
  operatorCommands,
  OperatorFault,
  type OperatorField,
  type OperatorOutcome,
  type OperatorValues,
} from "../host/operator_commands.ts";

export { archive, type Keyval, keyval, map, type MapStore, type Store, tables } from "../storage/store.ts";
export { StorageError } from "../storage/error.ts";
export { itemId, timeOfId } from "../storage/item_id.ts";
export type {
  Archive,
  Filter as ArchiveFilter,
  Found,
  Item as ArchiveItem,
  Page as ArchivePage,
} from "../storage/page.ts";

// For what is served over HTTP.
export { fileResponse } from "../http/file.ts";
export type { App } from "../http/apps.ts";
export { type Connection, connectionOf } from "../http/connection.ts";
export { errorResponse } from "../http/error_page.ts";
export { htmlPage, PAGE_POLICY } from "../http/html_page.ts";

// The codecs of the XEPs that several plugins speak.
export * from "../proto/address.ts";
export * from "../proto/caps.ts";
export * from "../proto/datatype.ts";
export * from "../proto/datetime.ts";
export * from "../proto/delay.ts";
export * from "../proto/disco.ts";
export * from "../proto/encryption.ts";
export type { FieldFault, FieldShape, ValueOf } from "../proto/field_shape.ts";
export * from "../proto/form_shape.ts";
export * from "../proto/forms.ts";
export * from "../proto/forward.ts";
export * from "../proto/hints.ts";
export * from "../proto/idle.ts";
export * from "../proto/mention.ts";
export * from "../proto/media.ts";
export * from "../proto/oob.ts";
export * from "../proto/registration.ts";
export * from "../proto/retraction.ts";
export * from "../proto/rsm.ts";
export * from "../proto/handled_count.ts";
export * from "../proto/stanza_id.ts";
export * from "../proto/validation.ts";
