/** A server that keeps files, and people who upload some; HTTP without ports. */
import { ok } from "node:assert/strict";
import type { AnyPlugin, Element } from "#plugin";
import { type TestClient, type TestOptions, type TestServer, testServer } from "#testing";
import { adhoc } from "../../plugins/admin/adhoc.ts";
import { internal } from "../../plugins/auth/internal.ts";
import { disco } from "../../plugins/service/disco.ts";
import { uploadAccounts } from "../../plugins/upload/accounts.ts";
import { upload } from "../../plugins/upload/upload.ts";
import { appFor } from "../../src/http/apps.ts";
import { Web } from "../../src/server/web.ts";

export const NS = "urn:xmpp:http:upload:0";
export const PLUGINS: readonly AnyPlugin[] = [internal, adhoc, disco, upload, uploadAccounts];

/** A place for a file. */
export interface Slot {
  readonly put: string;
  readonly get: string;
  readonly headers: Record<string, string>;
}

type Table = Record<string, unknown>;

export class UploadWorld implements AsyncDisposable {
  readonly web: Web;
  #ids = 0;

  private constructor(readonly server: TestServer, readonly folder: string, private readonly keeps: boolean) {
    this.web = new Web(server.server);
  }

  /** `table` is what the host of the files says of uploads; `host` more hosts. The folder goes at the end. */
  static async begin(
    table: Table | undefined,
    host: Table = {},
    more: Partial<TestOptions> = {},
    folder?: string,
  ) {
    const place = folder ?? await Deno.makeTempDir();
    const server = await testServer({ plugins: PLUGINS, ...more, config: configOf(place, table, host) });
    return new UploadWorld(server, place, folder !== undefined);
  }

  reload(table: Table, host: Table = {}): Promise<void> {
    return this.server.reload({ config: configOf(this.folder, table, host) });
  }

  /** The answer to a request for a place. */
  async request(client: TestClient, to: string, name: string, size: number): Promise<Element> {
    const id = `slot${++this.#ids}`;
    await client.send(
      `<iq type='get' id='${id}' to='${to}'><request xmlns='${NS}' filename='${name}' size='${size}' content-type='image/png'/></iq>`,
    );
    return client.expect(`<iq id='${id}'/>`);
  }

  async slot(client: TestClient, name: string, size: number, to = "a.test"): Promise<Slot> {
    const answer = await this.request(client, to, name, size);
    const slot = answer.child("slot", NS);
    ok(slot, answer.toString());
    const put = slot.child("put")!;
    const headers = put.elements().map((header) => [header.attr("name")!, header.text]);
    return {
      put: put.attr("url")!,
      get: slot.child("get")!.attr("url")!,
      headers: Object.fromEntries(headers),
    };
  }

  async fetch(url: string, init: RequestInit = {}): Promise<Response> {
    return await appFor(this.web.apps, url).fetch(new Request(url, init));
  }

  async put({ put, headers }: Slot, body: BodyInit): Promise<number> {
    return (await this.fetch(put, { method: "PUT", body, headers })).status;
  }

  /** A file that is here. */
  async share(client: TestClient, name: string, size: number, to = "a.test"): Promise<Slot> {
    const slot = await this.slot(client, name, size, to);
    const status = await this.put(slot, new Uint8Array(size));
    if (status !== 201) throw new Error(`putting ${name}: ${status}`);
    return slot;
  }

  async status({ get }: Slot): Promise<number> {
    const response = await this.fetch(get);
    await response.body?.cancel();
    return response.status;
  }

  /** The names of all files on the disk. */
  async onDisk(folder = this.folder): Promise<string[]> {
    const found: string[] = [];
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      if (isDirectory) found.push(...await this.onDisk(`${folder}/${name}`));
      else found.push(name);
    }
    return found;
  }

  /** When so many files lie on the disk; what is removed goes soon, and not at once. */
  async untilOnDisk(count: number): Promise<void> {
    for (let patience = 2000; (await this.onDisk()).length !== count; patience--) {
      if (patience === 0) throw new Error(`on the disk: ${(await this.onDisk()).join(", ")}`);
      await this.server.settle();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    if (!this.keeps) await Deno.remove(this.folder, { recursive: true });
  }
}

function configOf(folder: string, table: Table | undefined, host: Table): Table {
  const main = table === undefined ? {} : { plugins: { add: ["upload"] }, upload: table };
  return {
    limits: { ping_after: "off" },
    defaults: { upload: { folder } },
    host: { "a.test": { ...main, admins: ["admin@a.test"] }, ...host },
  };
}
