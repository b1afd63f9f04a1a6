/** XEP-0363 with another server that keeps the files, which checks what the original's `share.php` checks. */
import { createHmac } from "node:crypto";
import { deepEqual, equal, match } from "node:assert/strict";
import { soon } from "../server/rig.ts";
import { Uploader } from "./uploader.ts";
import { webServer } from "./world.ts";

const SECRET = "this is your secret string";
const DELETE_SECRET = "another secret";

/** The original's `share.php`, in what it does. */
class Share implements AsyncDisposable {
  readonly files = new Map<string, { readonly bytes: Uint8Array; readonly type: string }>();
  /** What it answers to requests to delete; with anything but "ok" they fail. */
  mood: "ok" | "broken" = "ok";
  deletions = 0;
  readonly #server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => this.#answer(request),
  );

  get url(): string {
    return `http://127.0.0.1:${(this.#server.addr as Deno.NetAddr).port}/share.php/`;
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    // PHP's PATH_INFO, which is decoded.
    const name = decodeURIComponent(pathname.slice("/share.php/".length));
    const token = searchParams.get("token");
    const hmac = (text: string) => createHmac("sha256", SECRET).update(text).digest("hex");
    if (request.method === "PUT" && token !== null) {
      const size = request.headers.get("content-length");
      const type = request.headers.get("content-type") ?? "application/octet-stream";
      if (token !== hmac(`${name}\0${size}\0${type}`)) return new Response("", { status: 403 });
      if (this.files.has(name)) return new Response("", { status: 409 });
      this.files.set(name, { bytes: await request.bytes(), type });
      return new Response("", { status: 201 });
    }
    if (request.method === "DELETE" && token !== null) {
      this.deletions++;
      if (this.mood === "broken") return new Response("", { status: 500 });
      if (token !== hmac(`${name}\0${DELETE_SECRET}`)) return new Response("", { status: 403 });
      return new Response(null, { status: this.files.delete(name) ? 204 : 202 });
    }
    const file = this.files.get(name);
    return file === undefined
      ? new Response("", { status: 404 })
      : new Response(file.bytes as Uint8Array<ArrayBuffer>, { headers: { "content-type": file.type } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

const options = (share: Share) => `
[host."a.test".upload.external]
url = "${share.url}"
secret = "${SECRET}"
delete_url = "${share.url}"
delete_secret = "${DELETE_SECRET}"
`;

async function command(alice: Uploader, node: string, form = ""): Promise<string> {
  const id = crypto.randomUUID();
  const at = (session: string) =>
    `<iq xmlns='jabber:client' type='set' to='a.test' id='${id}'><command xmlns='http://jabber.org/protocol/commands' node='http://metronome.im/protocol/upload#${node}' ${session}>`;
  alice.talker.send(`${at("")}</command></iq>`);
  const first = await alice.talker.expect(`<iq id='${id}'/>`);
  if (form === "") return first.toString();
  const session = first.first()!.attr("sessionid");
  alice.talker.send(
    `${
      at(`sessionid='${session}' action='complete'`)
    }<x xmlns='jabber:x:data' type='submit'>${form}</x></command></iq>`,
  );
  return (await alice.talker.expect(`<iq id='${id}'/>`)).toString();
}

Deno.test("AC-2.15-1: another server keeps the files by the original's protocol, and gives them out", async () => {
  await using share = new Share();
  await using serving = await webServer(options(share));
  using alice = await Uploader.online(serving);
  for (
    const [name, type] of [["a.png", "image/png"], ["très cool.JPG", "Image/JPEG"], ["unsaid", ""]] as const
  ) {
    const said = type === "" ? "" : ` content-type='${type}'`;
    const answer = await alice.request(`filename='${name}' size='5'${said}`);
    const slot = answer.first()!;
    const put = slot.child("put")!.attr("url")!;
    const get = slot.child("get")!.attr("url")!;
    match(put, /^http:\/\/127\.0\.0\.1:\d+\/share\.php\/[\w-]+\/[^/?]+\?token=[0-9a-f]{64}$/);
    equal(put.split("?")[0], get);
    const headers: Record<string, string> = type === "" ? {} : { "content-type": type };
    const body = new TextEncoder().encode("hello");
    equal((await fetch(put, { method: "PUT", body: body.slice(1), headers })).status, 403);
    equal((await fetch(put, { method: "PUT", body, headers })).status, 201, name);
    const got = await fetch(get);
    equal(await got.text(), "hello");
    equal(got.headers.get("content-type"), type === "" ? "application/octet-stream" : type);
  }
  // Nothing is served here then.
  equal((await fetch(`http://127.0.0.1:${alice.port}/upload`)).status, 404);
});

Deno.test("AC-2.15-1: people delete what the other server keeps for them", async () => {
  await using share = new Share();
  await using serving = await webServer(options(share));
  using alice = await Uploader.online(serving);
  for (const name of ["a.png", "b.png"]) {
    const slot = (await alice.request(`filename='${name}' size='5' content-type='image/png'`)).first()!;
    const put = slot.child("put")!.attr("url")!;
    await fetch(put, { method: "PUT", body: "hello", headers: { "content-type": "image/png" } });
  }
  equal(share.files.size, 2);
  match(await command(alice, "list"), /b\.png.*a\.png/);
  match(await command(alice, "purge", "<field var='sure'><value>1</value></field>"), /2 deleted/);
  const gone = async () => {
    while (share.files.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  await soon("the end of the files", gone());
  equal(share.deletions, 2);
});

Deno.test("a server that cannot delete now is asked again later; meanwhile the files are nobody's", async () => {
  await using share = new Share();
  share.mood = "broken";
  await using serving = await webServer(options(share));
  using alice = await Uploader.online(serving);
  await alice.request("filename='a.png' size='5' content-type='image/png'");
  match(await command(alice, "purge", "<field var='sure'><value>1</value></field>"), /1 deleted/);
  const asked = async () => {
    while (share.deletions === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  await soon("a deletion", asked());
  equal(/a\.png/.test(await command(alice, "list")), false);
  deepEqual(share.deletions, 1);
});
