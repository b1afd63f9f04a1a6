/** A server elsewhere that says whatever a test wants, over direct TLS, with whatever certificate it likes. */
import { encodeBase64, encodeUtf8 } from "../../src/base/bytes.ts";
import type { Issued } from "../../src/transport/issue_test_certificate.ts";
import { tlsClient } from "../../src/transport/transport_test_rig.ts";
import type { Element } from "../../src/xml/element.ts";
import { WireClient } from "../server/wire_client.ts";
import type { Peer } from "./peers/peer.ts";

const SASL_NS = "urn:ietf:params:xml:ns:xmpp-sasl";

export class RawPeer implements Disposable {
  private constructor(readonly wire: WireClient, readonly to: string) {}

  static async connect({ domain, ports }: Peer, certificate?: Issued): Promise<RawPeer> {
    const socket = await tlsClient({
      host: "127.0.0.1",
      port: ports.s2sTls,
      servername: domain,
      ALPNProtocols: ["xmpp-server"],
      ...(certificate === undefined ? {} : { cert: certificate.cert, key: certificate.key }),
    });
    return new RawPeer(WireClient.over(socket, domain), domain);
  }

  /** Opens a stream in the name of a domain; answers with the mechanisms that are offered. */
  async open(from: string): Promise<string[]> {
    const features = await this.features(from);
    return features.child("mechanisms", SASL_NS)?.elements().map(({ text }) => text) ?? [];
  }

  /** The same; answers with the features. */
  async features(from: string): Promise<Element> {
    return await this.wire.openWith(
      `from='${from}' to='${this.to}' version='1.0' xmlns='jabber:server' xmlns:db='jabber:server:dialback'`,
    );
  }

  /** Logs in with the certificate. */
  async authenticate(from: string): Promise<void> {
    this.auth(from);
    await this.wire.expect(`<success xmlns='${SASL_NS}'/>`);
    await this.open(from);
  }

  /** Asks for a login and does not wait for the answer. */
  auth(authzid: string): void {
    this.wire.send(
      `<auth xmlns='${SASL_NS}' mechanism='EXTERNAL'>${encodeBase64(encodeUtf8(authzid))}</auth>`,
    );
  }

  [Symbol.dispose](): void {
    this.wire[Symbol.dispose]();
  }
}
