/** HTTPS on a port of our own: the certificate of each host, and what goes through TLS. */
import { createHash, X509Certificate } from "node:crypto";
import { deepEqual, equal, notEqual } from "node:assert/strict";
import { connect as connectTls } from "node:tls";
import { issue, type Issued } from "../../src/transport/issue_test_certificate.ts";
import { PLAIN, Serving, soon } from "../server/rig.ts";
import { ask, raw, transfer } from "./raw_http.ts";
import { Uploader } from "./uploader.ts";
import { webServer } from "./world.ts";

const CONFIG = `${PLAIN}
[tls]
certs_dir = "certs"
[host."a.test"]
certificate = "a"
[host."b.test"]
certificate = "b"
`;

async function withCertificates(...names: string[]) {
  const certificates = names.map((name) => issue({ name, dns: [name] }));
  const serving = await Serving.start(PLAIN + `[host."a.test"]\n[host."b.test"]\n`);
  for (const [i, name] of names.entries()) await place(serving, name.slice(0, 1), certificates[i]!);
  const { code, err } = await serving.reload(CONFIG);
  if (code !== 0) throw new Error(err);
  return { serving, certificates };
}

async function place(serving: Serving, name: string, { cert, key }: Issued): Promise<void> {
  await serving.place.write(`${name}.crt`, cert);
  await Deno.chmod(await serving.place.write(`${name}.key`, key), 0o600);
}

const fingerprint = ({ cert }: Issued) => new X509Certificate(cert).fingerprint256;
const request = (host: string) => `GET /healthz HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;

Deno.test("each host shows its certificate to who names it, and a renewed one without a restart", async () => {
  const { serving, certificates: [a, b] } = await withCertificates("a.test", "b.test");
  await using _ = serving;
  const port = await serving.port("https");
  for (const [name, certificate] of [["a.test", a!], ["b.test", b!]] as const) {
    const { answer, certificate: shown } = await raw({ port, tls: name }, request(name));
    deepEqual([answer.status, shown], [200, fingerprint(certificate)]);
  }
  const renewed = issue({ name: "b.test", dns: ["b.test"] });
  // A connection from before the renewal goes on.
  const old = connectTls({ host: "127.0.0.1", port, servername: "b.test", rejectUnauthorized: false });
  await soon("a connection", new Promise<void>((resolve) => old.once("secureConnect", () => resolve())));
  await place(serving, "b", renewed);
  equal((await serving.run(["reload"])).code, 0);
  notEqual(fingerprint(renewed), fingerprint(b!));
  equal((await raw({ port, tls: "b.test" }, request("b.test"))).certificate, fingerprint(renewed));
  equal((await raw({ port, tls: "a.test" }, request("a.test"))).certificate, fingerprint(a!));
  equal(await serving.port("https"), port);
  const { promise, resolve } = Promise.withResolvers<string>();
  old.on("data", (chunk: Uint8Array) => resolve(new TextDecoder().decode(chunk)));
  old.write(request("b.test"));
  equal((await soon("an answer", promise)).slice(0, 12), "HTTP/1.1 200");
  old.destroy();
});

Deno.test("the Host header chooses what is served, not the name in the handshake; HTTP/2 is not spoken", async () => {
  const { serving } = await withCertificates("a.test", "b.test");
  await using _ = serving;
  const port = await serving.port("https");
  for (const host of ["a.test", "b.test"]) {
    const { answer } = await raw({ port, tls: "a.test" }, request(host).replace("/healthz", "/"));
    equal(answer.body.includes(`<title>${host}</title>`), true);
  }
  const socket = connectTls({
    host: "127.0.0.1",
    port,
    servername: "a.test",
    rejectUnauthorized: false,
    ALPNProtocols: ["h2", "http/1.1"],
  });
  await soon("a connection", new Promise<void>((resolve) => socket.once("secureConnect", () => resolve())));
  equal(socket.alpnProtocol, "http/1.1");
  socket.destroy();
});

Deno.test("what does not speak TLS on the port for it is closed, and nobody notices", async () => {
  const { serving } = await withCertificates("a.test", "b.test");
  await using _ = serving;
  const port = await serving.port("https");
  equal((await ask({ port })).status, 0);
  equal((await raw({ port, tls: "a.test" }, request("a.test"))).answer.status, 200);
});

Deno.test("a file of many megabytes goes through TLS as it is, both ways and in both forms of a body", async () => {
  await using serving = await webServer();
  using alice = await Uploader.online(serving);
  const port = await serving.port("https");
  const bytes = crypto.getRandomValues(new Uint8Array(65_536));
  const file = new Uint8Array(12_000_000).map((_, i) => bytes[(i * 31 + (i >> 12)) & 0xffff]!);
  const sum = (data: Uint8Array) => createHash("sha256").update(data).digest("hex");
  function* pieces() {
    for (let at = 0; at < file.length; at += 100_000) yield file.subarray(at, at + 100_000);
  }
  for (const chunked of [false, true]) {
    const slot = await alice.slot("a.bin", file.length, "application/octet-stream");
    const path = new URL(slot.put).pathname;
    const length: Record<string, string> = chunked ? {} : { "content-length": String(file.length) };
    const put = await transfer(port, path, {
      method: "PUT",
      headers: { ...slot.headers, ...length },
      body: pieces(),
    });
    equal(put.status, 201);
    equal(sum((await transfer(port, path, {})).body), sum(file));
    equal(sum(await (await fetch(slot.get)).bytes()), sum(file));
    const part = await transfer(port, path, { headers: { range: "bytes=65000-9000000" } });
    equal(sum(part.body), sum(file.subarray(65_000, 9_000_001)));
  }
});
