/** The files over HTTP: put with the token of their place, fetched by whoever knows the address (XEP-0363 §4, §9). */
import { Hono } from "hono";
import type { Context } from "hono";
import { type App, connectionOf, errorResponse, fileResponse, type HostScope } from "#plugin";
import { type Desk, secondsLeft } from "./desk.ts";
import type { Folder } from "./folder.ts";
import { servingHeaders, typeOf } from "./file_type.ts";
import type { UploadOptions } from "./options.ts";
import { NOBODY } from "./store.ts";
import type { Tokens } from "./tokens.ts";

const CORS: Readonly<Record<string, string>> = {
  "access-control-allow-origin": "*",
  "access-control-allow-methods": "GET, HEAD, PUT, OPTIONS",
  "access-control-allow-headers": "Authorization, Content-Type, Range",
  "access-control-expose-headers": "Content-Length, Content-Range, ETag",
  "access-control-max-age": "7200",
};

export function filesApp(host: HostScope<UploadOptions>, desk: Desk, folder: Folder, tokens: Tokens): App {
  const app: App = new Hono();
  const files = new Files(host, desk, folder, tokens);
  app.get(
    "/",
    (c) => c.text("Files that people of this server share are here, for those who know their address.\n"),
  );
  app.options("/*", (c) => c.body(null, 204, { ...CORS }));
  app.put("/:id/:name", (c) => files.put(c));
  app.get("/:id/:name", (c) => files.get(c));
  return app;
}

function bodyOf(c: Context): AsyncIterable<Uint8Array> {
  return connectionOf(c)?.pieces?.() ?? c.req.raw.body ?? new Blob([]).stream();
}

class Files {
  constructor(
    private readonly host: HostScope<UploadOptions>,
    private readonly desk: Desk,
    private readonly folder: Folder,
    private readonly tokens: Tokens,
  ) {}

  async put(c: Context): Promise<Response> {
    const { folder, desk: { store, coming } } = this;
    const file = store.find(c.req.param("id") ?? "");
    const sent = /^Bearer +(\S+)$/i.exec(c.req.header("authorization") ?? "")?.[1] ?? c.req.query("token") ??
      "";
    const claims = file === undefined || file.account === NOBODY ? undefined : this.tokens.of(file.id, sent);
    if (file === undefined || claims === undefined || c.req.param("name") !== file.name) {
      return this.#refuse(c, 403, "No file is expected here.");
    }
    // Two writers of one file would spoil it.
    if (file.here || coming.has(file.id)) return this.#refuse(c, 409, "The file is here already.");
    if (this.host.clock.now() >= file.until) return this.#refuse(c, 410, "The file was expected earlier.");
    const length = c.req.header("content-length");
    if (length !== undefined && Number(length) !== file.size) {
      return this.#refuse(
        c,
        Number(length) > file.size ? 413 : 400,
        `The file was to have ${file.size} bytes.`,
      );
    }
    coming.add(file.id);
    try {
      const wrong = await folder.write(file.id, bodyOf(c), file.size);
      if (wrong !== undefined) {
        return this.#refuse(c, wrong === "long" ? 413 : 400, `The file was to have ${file.size} bytes.`);
      }
      // While it came, its account may have been removed.
      if ((store.find(file.id)?.account ?? NOBODY) === NOBODY) {
        await folder.remove(file.id);
        return this.#refuse(c, 410, "The file is not wanted any more.");
      }
      this.desk.arrived(file, claims.until);
      await this.host.flush();
      return c.body(null, 201, { ...CORS });
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      // Who goes away in the middle is no news.
      if (code === "ECONNRESET") return this.#refuse(c, 400, "The file did not arrive.");
      this.host.log.warn("a file did not arrive", { account: file.account, error });
      return code === "ENOSPC"
        ? this.#refuse(c, 507, "There is no room for the file.")
        : this.#refuse(c, 500, "The file did not arrive.");
    } finally {
      coming.delete(file.id);
    }
  }

  async get(c: Context): Promise<Response> {
    const file = this.desk.store.find(c.req.param("id") ?? "");
    const now = this.host.clock.now();
    const isThere = file?.here === true && file.account !== NOBODY && now < file.until;
    if (!isThere || c.req.param("name") !== file.name) {
      return this.#refuse(c, 404, "There is no such file, or not any more.");
    }
    const { inline, sendfile, sendfile_prefix } = this.host.config;
    const type = typeOf(file.name, file.type);
    const headers = {
      ...servingHeaders(file.name, type, inline),
      ...CORS,
      "cache-control": `public, max-age=${secondsLeft(file, now)}, immutable`,
    };
    const { folder } = this;
    if (sendfile === "x-accel-redirect") {
      const place = `${sendfile_prefix}/${folder.placeOf(file.id)}`;
      return c.body(null, 200, { ...headers, "content-type": type, "x-accel-redirect": place });
    }
    if (sendfile === "x-sendfile") {
      return c.body(null, 200, { ...headers, "content-type": type, "x-sendfile": folder.pathOf(file.id) });
    }
    return await fileResponse(c.req.raw, { path: folder.pathOf(file.id), type, headers }) ??
      this.#refuse(c, 404, "There is no such file, or not any more.");
  }

  #refuse(c: Context, status: number, text: string): Response {
    const response = errorResponse(c.req.header("accept"), status, text);
    for (const [name, value] of Object.entries(CORS)) response.headers.set(name, value);
    return response;
  }
}
