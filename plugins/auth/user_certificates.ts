/**
 * XEP-0257: Client Certificate Management for SASL EXTERNAL 0.3. An account registers the certificates that may log in to
 * it, self-signed ones too; the host asks its clients for certificates and offers EXTERNAL to those whose own is known.
 *
 * Left out: a resource in the certificate's xmppAddr does not bind its sessions to that resource (§3), and the refusal to
 * change the password (§5.2) brings no form that asks for the old one. Expired certificates are listed until their place
 * is needed.
 */
import {
  credentials,
  definePlugin,
  type Departing,
  departing,
  el,
  type Element,
  encodeBase64,
  type HostScope,
  loggedIn,
  options,
  type Query,
  readRegistration,
  type Refusal,
  REGISTER_NS,
  registeredCertificates,
  resultOf,
  sessionBound,
  StanzaError,
  z,
} from "#plugin";
import { commands } from "../admin/api.ts";
import { sessionResumed } from "../stream/api.ts";
import { devices } from "./api.ts";
import { certificateCommands } from "./user_certificates_commands.ts";
import { bytesOf, CertificateDesk } from "./user_certificates_desk.ts";
import type { Registered } from "./user_certificates_store.ts";

const NS = "urn:xmpp:saslcert:1";

const config = options({
  most: z.number().int().min(1).max(1000).default(20).describe("Certificates that one account may register."),
});
type Config = z.infer<typeof config>;

export const userCertificates = definePlugin({
  name: "user_certificates",
  doc:
    "Lets people register certificates to log in with instead of the password. Every client of the host is asked " +
    "for a certificate then, and some trouble their users with that: so it is off unless it is listed.",
  xeps: [[257, "0.3"]],
  config,
  provides: [registeredCertificates],
  wants: [commands, credentials, devices],
  setup(host) {
    // Without accounts there is nobody to register anything.
    if (host.find(credentials)?.temporary === true) return;
    const desk = new CertificateDesk(host);
    const requests = new Requests(host, desk);
    host.provide(registeredCertificates, desk);
    host.feature(NS);
    host.iq.get(NS, "items", "own", (query) => requests.items(query));
    host.iq.set(NS, "append", "own", (query) => requests.append(query));
    host.iq.set(NS, "disable", "own", (query) => requests.disable(query));
    host.iq.set(NS, "revoke", "own", (query) => requests.revoke(query));
    host.on(loggedIn, ({ session, mechanism }) => void desk.loggedIn(session, mechanism));
    host.on(sessionBound, ({ session }) => void desk.arrived(session));
    host.on(sessionResumed, ({ session, from }) => void desk.arrived(session, from));
    host.at(departing).guard({ kind: "iq" }, (x) => accountChange(host, desk, x));
    for (const command of certificateCommands(desk)) host.find(commands)?.register(host, command);
  },
});

class Requests {
  constructor(private readonly host: HostScope<Config>, private readonly desk: CertificateDesk) {}

  items({ session, from }: Query): Element {
    this.desk.requireInsider(session);
    const items = this.desk.list(from.local).map((registered) => this.#item(from.local, registered));
    return el("items", NS, {}, items);
  }

  #item(local: string, registered: Registered): Element {
    const users = this.desk.usersOf(local, registered);
    return el("item", NS, {}, [
      el("name", NS, {}, registered.name),
      el("x509cert", NS, {}, encodeBase64(registered.der)),
      users.length === 0
        ? undefined
        : el("users", NS, {}, users.map(({ jid }) => el("resource", NS, {}, jid!.resource))),
      registered.limited ? el("no-cert-management", NS) : undefined,
    ]);
  }

  append({ session, from, payload }: Query): undefined {
    this.desk.requireManager(session);
    const text = payload.childText("x509cert");
    if (text === undefined) throw new StanzaError("bad-request", "<x509cert/> is missing");
    this.desk.add(from.local, nameIn(payload), bytesOf(text), payload.has("no-cert-management"));
  }

  disable({ session, from, payload }: Query): undefined {
    this.desk.requireManager(session);
    this.desk.disable(from.local, nameIn(payload));
  }

  async revoke({ session, from, payload, stanza }: Query): Promise<undefined> {
    const asking = this.desk.requireManager(session);
    const since = this.host.writes;
    if (!this.desk.revoke(from.local, nameIn(payload), asking)) return;
    // The result first, and nothing is said before the certificate is really gone.
    await this.host.flush(since);
    asking.write(resultOf(stanza));
    this.desk.end(asking);
  }
}

function nameIn(payload: Element): string {
  const name = payload.childText("name")?.trim() ?? "";
  if (name === "") throw new StanzaError("bad-request", "<name/> is missing or empty");
  return name;
}

/**
 * §5.2: who has logged in with a certificate has not shown that they know the password, so they may not set one; and who may
 * not remove certificates may not remove them all with the account.
 */
function accountChange(
  { domain }: HostScope<Config>,
  desk: CertificateDesk,
  { session, stanza }: Readonly<Departing>,
): Refusal | undefined {
  const login = desk.loginOf(session);
  const { payload, to } = stanza;
  if (login === undefined || stanza.type !== "set" || payload?.ns !== REGISTER_NS) return undefined;
  // Services of others are registered with in the same words.
  if (to !== undefined && to.domain !== domain) return undefined;
  const { kind } = readRegistration(payload);
  if (kind === "submit") {
    const text = "the password cannot be changed after a login with a certificate";
    return new StanzaError("not-authorized", text, { type: "cancel" });
  }
  if (kind !== "remove" || !login.limited) return undefined;
  return new StanzaError("forbidden", "the certificate you logged in with may not remove the account");
}
