/**
 * A name server by script: it answers what a table says, over UDP and TCP on one free port of this machine, and can be
 * told to be silent, slow, short, wrong or hostile. It remembers what it was asked.
 *
 *     await using dns = await DnsServer.start({
 *       "SRV _xmpp-server._tcp.a.test": [{ priority: 0, weight: 0, port: 5269, target: "xmpp.a.test" }],
 *       "A xmpp.a.test": ["127.0.0.1"],
 *     });
 *     openResolver({ …, servers: [dns.server] }, …)
 */
import { Buffer } from "node:buffer";
import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { createServer, type Server, type Socket } from "node:net";
// @ts-types="./dns_packet.ts"
import { decode, encode, type Written, type WrittenRecord } from "dns-packet";

/** The data of the records of one type: addresses, names, or what the type has. */
export type RecordData =
  | string
  | { priority: number; weight: number; port: number; target: string }
  | { usage: number; selector: number; matching: number; data: Uint8Array };

/** A type and a name, such as "A a.test": either spelling of the name will do. */
export type Question = string;

/** Records under their question. A CNAME answers for every type. */
export type Table = Readonly<Record<Question, readonly RecordData[]>>;

/** What is said of a set of records beside its data. */
export interface SetFacts {
  /** Seconds. Default: 60. */
  readonly ttl?: number;
  /** Whether the AD bit is set for it. Default: no. */
  readonly authentic?: boolean;
}

/** How a question is answered other than it should be. */
export interface Conduct {
  /** Only on this way; default: both. */
  readonly over?: "udp" | "tcp";
  /** Only so many times; default: always. */
  readonly times?: number;
  /** Not at all. */
  readonly drop?: boolean;
  /** Not before this has come. */
  readonly after?: Promise<unknown>;
  /** Over UDP: nothing but the bit that says there would be more. */
  readonly truncate?: boolean;
  /** With this response code and nothing else: 1 FORMERR, 2 SERVFAIL, 5 REFUSED. */
  readonly code?: number;
  /** Other bytes in the place of the true reply: each in a datagram of its own. */
  readonly lie?: (reply: Uint8Array, query: Uint8Array) => readonly Uint8Array[];
}

interface SetOfRecords {
  readonly records: readonly RecordData[];
  readonly facts: SetFacts;
}

const AUTHENTIC = 0x20;
const TRUNCATED = 0x200;
const RECURSION_DESIRED = 0x100;
const RECURSION_AVAILABLE = 0x80;
const NO_SUCH_NAME = 3;

/** See the top of the file. */
export class DnsServer {
  /** What was asked, in order: "udp A a.test". */
  readonly asked: string[] = [];
  /** The raw questions, for those who look closer. */
  readonly queries: Uint8Array[] = [];
  /** The ports that datagrams came from. */
  readonly ports: number[] = [];
  /** Whether aliases are followed, as a recursive server does. */
  recursive = true;
  /** Questions with EDNS are not understood, as by very old servers. */
  old = false;
  readonly #sets = new Map<Question, SetOfRecords>();
  readonly #conduct = new Map<Question, Conduct & { left: number }>();
  readonly #waiting: { readonly wanted: Question; readonly seen: () => void }[] = [];
  readonly #connections = new Set<Socket>();
  readonly #tcp: Server;
  readonly #udp: UdpSocket;
  readonly #at: { hostname: string; port: number };

  private constructor(tcp: Server, udp: UdpSocket, at: { hostname: string; port: number }) {
    this.#tcp = tcp;
    this.#udp = udp;
    this.#at = at;
    udp.on("message", (query, from) => {
      this.ports.push(from.port);
      void this.#answer("udp", query, (bytes) => udp.send(bytes, from.port, from.address));
    });
    tcp.on("connection", (socket: Socket) => this.#serve(socket));
  }

  /** Opens both ports: a free one of 127.0.0.1 unless told otherwise. */
  static async start(table: Table = {}, facts: SetFacts = {}, port = 0): Promise<DnsServer> {
    const hostname = "127.0.0.1";
    for (let left = 20;; left--) {
      const tcp = createServer();
      await new Promise<void>((resolve, reject) => {
        tcp.once("error", reject);
        tcp.listen(port, hostname, () => resolve());
      });
      const at = { hostname, port: (tcp.address() as { port: number }).port };
      const udp = createSocket("udp4");
      const free = await new Promise<boolean>((resolve) => {
        udp.once("error", () => resolve(false));
        udp.bind(at.port, hostname, () => resolve(true));
      });
      if (free) {
        const server = new DnsServer(tcp, udp, at);
        for (const [question, records] of Object.entries(table)) server.set(question, records, facts);
        return server;
      }
      tcp.close();
      if (left === 0 || port !== 0) throw new Error(`no datagrams on ${hostname} port ${at.port}`);
    }
  }

  /** Where it listens, as the configuration takes it. */
  get server(): { readonly hostname: string; readonly port: number } {
    return this.#at;
  }

  /** Puts records in the place of those of a question; an empty list means that the name has none of the type. */
  set(question: Question, records: readonly RecordData[], facts: SetFacts = {}): void {
    this.#sets.set(key(question), { records, facts });
  }

  /** Forgets the records of a question: with none left, the name does not exist. */
  remove(question: Question): void {
    this.#sets.delete(key(question));
  }

  /** Answers a question in another way from now on; "*" is every question that has no conduct of its own. */
  conduct(question: Question, conduct: Conduct): void {
    this.#conduct.set(key(question), { ...conduct, left: conduct.times ?? Infinity });
  }

  /** How often it was asked something, by whichever way. */
  count(question: Question): number {
    const wanted = key(question);
    return this.asked.filter((it) => it.slice(4) === wanted).length;
  }

  /** Resolves when a question comes, from now on. */
  seen(question: Question): Promise<void> {
    return new Promise((seen) => this.#waiting.push({ wanted: key(question), seen }));
  }

  /** Sends a datagram that nobody asked this server for; resolves when it is on its way. */
  send(bytes: Uint8Array, port: number, hostname = "127.0.0.1"): Promise<void> {
    return new Promise((resolve) => this.#udp.send(bytes, port, hostname, () => resolve()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#connections) socket.destroy();
    this.#udp.close();
    await new Promise<void>((resolve) => this.#tcp.close(() => resolve()));
  }

  #serve(socket: Socket): void {
    this.#connections.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => this.#connections.delete(socket));
    let had = Buffer.alloc(0);
    socket.on("data", (chunk: Uint8Array) => {
      had = Buffer.concat([had, chunk]);
      while (had.length >= 2 && had.length >= had.readUInt16BE(0) + 2) {
        const query = had.subarray(2, had.readUInt16BE(0) + 2);
        had = had.subarray(query.length + 2);
        void this.#answer("tcp", query, (bytes) => {
          const length = Buffer.alloc(2);
          length.writeUInt16BE(bytes.length);
          socket.write(Buffer.concat([length, bytes]));
        });
      }
    });
  }

  async #answer(over: "udp" | "tcp", query: Buffer, send: (bytes: Uint8Array) => void): Promise<void> {
    const { id, flags, questions, additionals } = decode(query);
    const [question] = questions;
    if (question === undefined) return;
    const asked = key(`${question.type} ${question.name}`);
    this.asked.push(`${over} ${asked}`);
    this.queries.push(new Uint8Array(query));
    const waiting = this.#waiting.splice(0);
    for (const it of waiting) it.wanted === asked ? it.seen() : this.#waiting.push(it);
    const conduct = this.#conductOf(asked, over);
    await conduct?.after;
    if (conduct?.drop === true) return;
    const edns = additionals.filter(({ type }) => type === "OPT");
    const base = { type: "response" as const, id, questions };
    const reply: Written = this.old && edns.length > 0
      ? { ...base, questions: [], flags: 1 }
      : conduct?.code !== undefined
      ? { ...base, flags: conduct.code }
      : conduct?.truncate === true && over === "udp"
      ? { ...base, flags: TRUNCATED }
      : { ...base, ...this.#found(question.type, question.name) };
    const options = edns.map(() => ({ type: "OPT", name: ".", udpPayloadSize: 1232 }));
    // RFC 1035 §4.1.1: the wish for recursion is copied; Erlang's resolver takes no answer without it.
    const wished = { ...reply, flags: reply.flags | (flags & RECURSION_DESIRED) };
    const bytes = new Uint8Array(encode({ ...wished, additionals: this.old ? [] : options }));
    for (const each of conduct?.lie?.(bytes, new Uint8Array(query)) ?? [bytes]) send(each);
  }

  #conductOf(asked: Question, over: "udp" | "tcp"): Conduct | undefined {
    for (const question of [asked, "*"]) {
      const conduct = this.#conduct.get(question);
      if (conduct === undefined || conduct.left <= 0 || (conduct.over ?? over) !== over) continue;
      conduct.left--;
      return conduct;
    }
    return undefined;
  }

  /** The true answer. */
  #found(type: string, asked: string): Pick<Written, "flags" | "answers" | "authorities"> {
    const answers: WrittenRecord[] = [];
    let name = asked;
    let authentic = true;
    for (let hops = 0; hops < 10; hops++) {
      const own = this.#sets.get(key(`${type} ${name}`));
      const alias = own === undefined ? this.#sets.get(key(`CNAME ${name}`)) : undefined;
      const set = own ?? alias;
      authentic &&= set?.facts.authentic === true;
      for (const data of set?.records ?? []) {
        const kind = alias === undefined ? type : "CNAME";
        answers.push({ type: kind, name, ttl: set?.facts.ttl ?? 60, data: written(data) });
      }
      const next = alias?.records[0];
      if (typeof next !== "string" || !this.recursive) break;
      name = next;
    }
    const flags = RECURSION_AVAILABLE | (authentic ? AUTHENTIC : 0);
    if (answers.some((it) => it.type === type) || (answers.length > 0 && !this.recursive)) {
      return { flags, answers };
    }
    const exists = [...this.#sets.keys()].some((it) => it.endsWith(` ${name.toLowerCase()}`));
    const data = {
      mname: "ns.test",
      rname: "root.test",
      serial: 1,
      refresh: 60,
      retry: 60,
      expire: 60,
      minimum: 60,
    };
    const authorities = [{ type: "SOA", name: "test", ttl: 60, data }];
    return { flags: flags | (exists ? 0 : NO_SUCH_NAME), answers, authorities };
  }
}

/** One spelling of a question. */
function key(question: Question): Question {
  if (question === "*") return question;
  const [type = "", name = ""] = question.split(" ");
  return `${type.toUpperCase()} ${name.toLowerCase().replace(/\.$/, "")}`;
}

function written(data: RecordData): unknown {
  if (typeof data === "string" || "target" in data) return data;
  const { usage, selector, matching: matchingType, data: certificate } = data;
  return { usage, selector, matchingType, certificate: Buffer.from(certificate) };
}
