/**
 * XEP-0215: services that are no XMPP, such as STUN and TURN, with credentials for the one who asks; version 2 and, for
 * older clients, version 1. Credentials of TURN are made for the moment from a secret that the relay shares with us
 * (draft-uberti-behave-turn-rest-00): the relay needs to know nothing of accounts.
 */
import {
  definePlugin,
  domain,
  duration,
  el,
  type Element,
  encodeBase64,
  encodeUtf8,
  formatDateTime,
  hmac,
  type HostScope,
  type Jid,
  options,
  type Query,
  secret,
  StanzaError,
  text,
  z,
} from "#plugin";

const NS = "urn:xmpp:extdisco:2";
const OLD_NS = "urn:xmpp:extdisco:1";

/** Where services listen when nothing else is said (RFC 8489 §18, RFC 8656 §18). */
const PORTS: Readonly<Record<string, number>> = { stun: 3478, turn: 3478, stuns: 5349, turns: 5349 };

const service = z.strictObject({
  type: text().regex(/^[A-Za-z_][\w.-]*$/, { error: 'expected one word such as "turn" or "stun"' })
    .describe("What it is, as the registry of XEP-0215 calls it."),
  host: domain().optional().describe("Its name or address; that of this host when left out."),
  port: z.number().int().min(1).max(65535).optional().describe("3478 for STUN and TURN when left out."),
  transport: z.enum(["udp", "tcp"]).optional().describe("UDP for STUN and TURN, TCP where they are secured."),
  name: text().optional().describe("What people call it."),
  username: text().optional().describe("A name to log in with that is the same for everybody."),
  password: secret().optional().describe("The password that goes with `username`."),
  secret: secret().optional().describe("What a TURN server shares with us, for credentials of the moment."),
});

const config = options({
  services: z.array(service).default([]).describe("The services to tell clients of."),
  restricted: z.boolean().default(true).describe("Tells only clients of this host."),
  secret: secret().optional().describe("What TURN servers share with us that have no `secret` of their own."),
  ttl: duration().prefault("12 hours").describe("How long credentials of the moment are good for."),
});
type Config = z.infer<typeof config>;
type Service = z.infer<typeof service>;

export const externalServices = definePlugin({
  name: "external_services",
  doc: "Tells clients of STUN and TURN servers and other services, with credentials for them.",
  xeps: [[215, "1.0.0"]],
  config,
  standard: true,
  setup(host) {
    if (host.config.services.length === 0) return;
    host.feature(NS, OLD_NS);
    for (const ns of [NS, OLD_NS]) {
      host.iq.get(ns, "services", "host", (query) => list(host, query));
      host.iq.get(ns, "credentials", "host", (query) => lend(host, query));
    }
  },
});

function list(host: HostScope<Config>, { payload, from }: Query): Element {
  admit(host, from);
  const type = payload.attr("type");
  const { ns } = payload;
  const found = host.config.services.filter((it) => type === undefined || it.type === type);
  return el("services", ns, { type }, found.map((it) => described(host, it, from, ns)));
}

/** §3.3: version 2 names host and type, version 1 the host. */
function lend(host: HostScope<Config>, { payload, from }: Query): Element {
  admit(host, from);
  const { ns } = payload;
  const asked = payload.child("service", ns);
  const name = asked?.attr("host");
  const type = asked?.attr("type");
  const port = asked?.attr("port");
  if (name === undefined || (type === undefined && ns === NS)) {
    throw new StanzaError("bad-request", "name the service by its host and its type");
  }
  const found = host.config.services.filter((it) =>
    hostOf(host, it) === name.toLowerCase() && (type === undefined || it.type === type) &&
    (port === undefined || String(portOf(it)) === port) && credentialsOf(host, it, from) !== undefined
  );
  if (found.length === 0) {
    throw new StanzaError("item-not-found", "there is no such service, or it needs no credentials");
  }
  return el("credentials", ns, {}, found.map((it) => described(host, it, from, ns)));
}

function admit(host: HostScope<Config>, from: Jid): void {
  if (host.config.restricted && from.domain !== host.domain) {
    throw new StanzaError("forbidden", "this is for the clients of this host");
  }
}

function described(host: HostScope<Config>, it: Service, from: Jid, ns: string): Element {
  const credentials = credentialsOf(host, it, from);
  return el("service", ns, {
    host: hostOf(host, it),
    port: portOf(it)?.toString(),
    transport: it.transport ??
      (PORTS[it.type] === undefined ? undefined : it.type.endsWith("s") ? "tcp" : "udp"),
    type: it.type,
    name: it.name,
    username: credentials?.username,
    password: credentials?.password,
    // Version 1 knows neither.
    expires: ns === NS ? credentials?.expires : undefined,
    restricted: ns === NS && credentials !== undefined ? "true" : undefined,
  });
}

interface Lent {
  readonly username: string;
  readonly password: string;
  readonly expires?: string;
}

function credentialsOf(host: HostScope<Config>, it: Service, from: Jid): Lent | undefined {
  if (it.username !== undefined && it.password !== undefined) {
    return { username: it.username, password: it.password.reveal() };
  }
  const relay = it.type === "turn" || it.type === "turns";
  const shared = it.secret ?? (relay ? host.config.secret : undefined);
  if (shared === undefined) return undefined;
  const until = Math.floor((host.clock.now() + host.config.ttl) / 1000);
  // The second part is for quotas and logs of the relay: the account and not the device.
  const username = `${until}:${from.bare}`;
  const key = encodeUtf8(shared.reveal());
  return {
    username,
    password: encodeBase64(hmac("SHA-1", key, username)),
    expires: formatDateTime(until * 1000),
  };
}

function hostOf(host: HostScope<Config>, { host: own }: Service): string {
  return own ?? host.domain;
}

function portOf({ type, port }: Service): number | undefined {
  return port ?? PORTS[type];
}
