/** HTTP as it is written on the wire, for what no client would send, and where the connection matters. */
import { connect, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { request as secureRequest } from "node:https";
import { Buffer } from "node:buffer";
import { soon } from "../server/rig.ts";

/** What came back. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** Where the server is: a port, with TLS for a name or without, or a socket in the file system. */
export interface Where {
  readonly port?: number;
  readonly path?: string;
  /** The name to say in the handshake. */
  readonly tls?: string;
  /** What is sent before anything else: a PROXY header. */
  readonly first?: string;
}

/** Sends bytes, and waits for the end of the connection. */
export async function raw(where: Where, text: string): Promise<{ answer: Answer; certificate: string }> {
  const plain = where.path === undefined
    ? connect({ host: "127.0.0.1", port: where.port! })
    : connect({ path: where.path });
  if (where.first !== undefined) plain.write(where.first);
  const socket: Socket | TLSSocket = where.tls === undefined
    ? plain
    : connectTls({ socket: plain, servername: where.tls, rejectUnauthorized: false });
  let certificate = "";
  if (where.tls !== undefined) {
    const secure = socket as TLSSocket;
    secure.once("secureConnect", () => certificate = secure.getPeerCertificate().fingerprint256);
  }
  const chunks: Uint8Array[] = [];
  socket.on("data", (chunk: Uint8Array) => chunks.push(chunk));
  socket.write(text);
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.once("close", () => resolve());
  socket.on("error", () => {});
  await soon("the end of the connection", promise);
  return { answer: parse(Buffer.concat(chunks).toString()), certificate };
}

/** One request. */
export async function ask(
  where: Where,
  path = "/",
  headers: Record<string, string> = {},
  method = "GET",
): Promise<Answer> {
  const all = { host: "a.test", connection: "close", ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return (await raw(where, `${method} ${path} HTTP/1.1\r\n${lines}\r\n`)).answer;
}

function parse(text: string): Answer {
  const end = text.indexOf("\r\n\r\n");
  const [line = "", ...fields] = text.slice(0, Math.max(0, end)).split("\r\n");
  const headers = new Headers();
  for (const field of fields) {
    const colon = field.indexOf(":");
    headers.append(field.slice(0, colon), field.slice(colon + 1).trim());
  }
  return { status: Number(line.split(" ")[1] ?? 0), headers, body: text.slice(end + 4) };
}

/** A request over TLS whose body and answer are large: a body without a known length where it comes in pieces. */
export async function transfer(
  port: number,
  path: string,
  options: {
    readonly method?: string;
    readonly headers?: Record<string, string>;
    readonly body?: Iterable<Uint8Array>;
  },
): Promise<{ readonly status: number; readonly body: Uint8Array }> {
  const { method = "GET", headers = {}, body = [] } = options;
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: Uint8Array }>();
  const request = secureRequest({
    host: "127.0.0.1",
    port,
    path,
    method,
    headers: { host: "a.test", ...headers },
    servername: "a.test",
    rejectUnauthorized: false,
  }, (response) => {
    const chunks: Uint8Array[] = [];
    response.on("data", (chunk: Uint8Array) => chunks.push(chunk));
    response.on("end", () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }));
  });
  request.on("error", reject);
  for (const piece of body) {
    if (!request.write(piece)) await new Promise<void>((resolve) => request.once("drain", () => resolve()));
  }
  request.end();
  return await soon(`${method} ${path}`, promise);
}

/** A plugin from disk that says who asks, at /who. */
export const WHO = `
import { Hono } from "npm:hono@4.13.19";
export default ({ connectionOf, definePlugin, none }) => definePlugin({
  name: "who",
  doc: "Says who asks.",
  config: none,
  standard: true,
  setup(host) {
    const app = new Hono();
    app.get("/", (c) => {
      const { address, secure, local, origin } = connectionOf(c);
      return c.json({ host: host.domain, address, secure, local, origin, url: host.url("/x") });
    });
    host.http("/who", app);
  },
});
`;

/** \`[server]\` with that plugin. */
export const WITH_WHO = 'plugin_files = ["who.ts"]';
