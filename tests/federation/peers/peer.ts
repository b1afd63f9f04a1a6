/**
 * A server that federates, whichever program it is: what tests do with it and to it. METRONOME_FEDERATION_LOGS names a folder
 * that gets its log in the end.
 */
import { WireClient } from "../../server/wire_client.ts";
import type { Issued } from "../../../src/transport/issue_test_certificate.ts";
import { type Program, ServerProcess } from "./process.ts";

/** Where a peer listens on 127.0.0.1. They stay the same when it is started again. */
export interface PeerPorts {
  readonly c2s: number;
  readonly s2s: number;
  readonly s2sTls: number;
}

/** How a peer is to be. */
export interface PeerOptions {
  readonly domain: string;
  /** What it shows, with the certificates above it. */
  readonly certificate: Issued;
  /** The PEM text of the authorities that it trusts. */
  readonly authorities: string;
  /** The name server that it asks. */
  readonly dns: { readonly hostname: string; readonly port: number };
  /** Whether it offers and uses XEP-0288. Default: no. */
  readonly bidi?: boolean;
  /** Whether it sends and verifies dialback keys. Default: yes. */
  readonly dialback?: boolean;
  /** Whether it acknowledges stanzas of servers (XEP-0198), where it can. Default: no. */
  readonly acknowledges?: boolean;
  /** Whether it offers and uses SASL EXTERNAL. Default: yes. */
  readonly external?: boolean;
  /** Whether peers must have a certificate that is valid. Default: no. */
  readonly certificateRequired?: boolean;
  /** Whether nothing is said without TLS. Default: yes. */
  readonly tlsRequired?: boolean;
  /** More lines of its configuration; of ours, more of what it says of other servers. */
  readonly more?: string;
}

/** A kind of server: how it is configured and started. */
export interface PeerKind {
  readonly name: string;
  /** Writes the configuration into the folder. */
  prepare(folder: string, ports: PeerPorts, options: PeerOptions): Promise<Program>;
  /** A command that says something on the console of the one in the folder. */
  console?(folder: string, words: string): { readonly program: string; readonly args: readonly string[] };
}

/** A running server of a domain. */
export class Peer implements AsyncDisposable {
  #process: ServerProcess | undefined;
  /** What earlier runs printed. */
  readonly #before: string[] = [];
  readonly #clients: WireClient[] = [];
  #gone = false;

  private constructor(
    readonly kind: PeerKind,
    readonly domain: string,
    readonly ports: PeerPorts,
    private readonly folder: string,
    private readonly program: Program,
  ) {}

  static async start(kind: PeerKind, ports: PeerPorts, options: PeerOptions): Promise<Peer> {
    const folder = await Deno.makeTempDir({ prefix: `federation-${kind.name}-` });
    const { certificate, authorities } = options;
    await Deno.writeTextFile(`${folder}/cert.pem`, certificate.cert);
    await Deno.writeTextFile(`${folder}/key.pem`, certificate.key, { mode: 0o600 });
    await Deno.writeTextFile(`${folder}/authorities.pem`, authorities);
    const program = await kind.prepare(folder, ports, options);
    const peer = new Peer(kind, options.domain, ports, folder, program);
    try {
      await peer.start();
    } catch (error) {
      await peer[Symbol.asyncDispose]();
      throw error;
    }
    return peer;
  }

  get process(): ServerProcess {
    if (this.#process === undefined) throw new Error(`${this.kind.name} does not run`);
    return this.#process;
  }

  /** All that it has printed. */
  log(): string {
    return [...this.#before, ...this.#process?.printed ?? []].join("\n");
  }

  /** A session of a user, who is registered where that is needed. The session is available, with priority 0. */
  async client(local: string, resource = "desk"): Promise<WireClient> {
    const client = await WireClient.connect(this.ports.c2s, this.domain);
    this.#clients.push(client);
    await client.open();
    client.send(
      `<iq type='set' id='register'><query xmlns='jabber:iq:register'><username>${local}</username>` +
        `<password>${PASSWORD}</password></query></iq>`,
    );
    await client.expect("<iq id='register'/>");
    client.socket.destroy();
    const session = await WireClient.connect(this.ports.c2s, this.domain);
    this.#clients.push(session);
    await session.authenticate(local, PASSWORD);
    await session.bind(resource);
    // RFC 6121 §3.1.6: only who has asked for the roster is told of changes of a subscription.
    session.send("<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq><presence/>");
    await session.expect("<iq type='result' id='roster'/>");
    return session;
  }

  async start(): Promise<void> {
    this.#process = await ServerProcess.start(this.program);
  }

  async stop(signal: Deno.Signal = "SIGTERM"): Promise<void> {
    const process = this.#process;
    this.#process = undefined;
    for (const client of this.#clients.splice(0)) client.socket.destroy();
    await process?.stop(signal);
    this.#before.push(...process?.printed ?? []);
  }

  /** Says something on the program's own console. */
  async console(words: string): Promise<void> {
    const { program, args } = this.kind.console!(this.folder, words);
    const { success, stdout, stderr } = await new Deno.Command(program, { args: [...args] }).output();
    const text = new TextDecoder();
    if (!success) throw new Error(`${words}: ${text.decode(stdout)}${text.decode(stderr)}`);
  }

  /** It says nothing any more, and its connections stay. */
  freeze(): void {
    this.process.signal("SIGSTOP");
  }

  thaw(): void {
    this.process.signal("SIGCONT");
  }

  /** May be called again. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    if (this.#gone) return;
    this.#gone = true;
    const logs = Deno.env.get("METRONOME_FEDERATION_LOGS");
    if (logs !== undefined) await Deno.writeTextFile(`${logs}/${this.domain}.log`, this.log());
    await Deno.remove(this.folder, { recursive: true });
  }
}

const PASSWORD = "correct horse battery";
