/**
 * Files of folders, at paths of the host: a web client such as Converse beside the server that it talks to, without another web
 * server. Nothing is listed, nothing leads out of the folders, and browsers ask again before they use what they have.
 */
import { type Context, Hono } from "hono";
import {
  type App,
  definePlugin,
  duration,
  errorResponse,
  fileResponse,
  type HostScope,
  options,
  path,
  text,
  z,
} from "#plugin";
import { StaticFolder } from "./static_folder.ts";
import { staticType } from "./static_types.ts";

const folder = z.strictObject({
  path: z.string().regex(/^(\/|(\/[A-Za-z0-9._~-]+)+)$/, { error: 'expected a path such as "/chat", or "/"' })
    .describe("Where the files are, below the address of the host."),
  folder: path().describe("The folder they lie in."),
  index: text().regex(/^[^/\\.][^/\\]*$/, { error: "expected the name of a file" }).default("index.html")
    .describe("The file that stands for a folder."),
  fallback: text().regex(/^[^/\\.][^/\\]*$/, { error: "expected the name of a file" }).optional().describe(
    "The file that browsers get for pages that are not there: for clients that make up their addresses themselves.",
  ),
  max_age: duration().prefault("0 s").describe(
    "How long browsers may use what they have without asking again.",
  ),
});
type Folder = z.infer<typeof folder>;

export const staticFiles = definePlugin({
  name: "static_files",
  doc: "Serves folders of files over HTTP, such as a web client.",
  config: options({
    folders: z.array(folder).default([]).meta({
      example: [{ path: "/chat", folder: "/usr/share/converse" }],
    }).describe("The folders."),
  }),
  async setup(host) {
    for (const it of host.config.folders) {
      const found = await Deno.stat(it.folder).catch(() => undefined);
      if (found?.isDirectory !== true) host.log.warn("there is no such folder", { folder: it.folder });
      host.http(it.path, filesOf(it, host));
    }
  },
});

function filesOf(config: Folder, host: HostScope<unknown>): App {
  const files = new StaticFolder(config.folder);
  const seconds = Math.round(config.max_age / 1000);
  const headers = { "cache-control": seconds === 0 ? "no-cache" : `public, max-age=${seconds}` };
  const app: App = new Hono();

  const send = async (c: Context, file: string) =>
    await fileResponse(c.req.raw, { path: file, type: staticType(file), headers });

  const answer = async (c: Context): Promise<Response> => {
    const rest = c.req.param("rest") ?? "";
    const names = rest === "" ? [] : rest.replace(/\/$/, "").split("/");
    const place = await files.find(names);
    const { pathname, search } = new URL(c.req.url);
    let found: Response | undefined;
    if (place === "folder") {
      // What the page in it names is beside it only where the address ends in a slash.
      if (!pathname.endsWith("/")) return movedTo(`./${lastOf(pathname)}/${search}`);
      const index = await files.find([...names, config.index]);
      if (typeof index === "object") found = await send(c, index.file);
    } else if (place !== undefined && !pathname.endsWith("/")) found = await send(c, place.file);
    if (found === undefined && config.fallback !== undefined && wantsPage(c)) {
      const fallback = await files.find([config.fallback]);
      if (typeof fallback === "object") found = await send(c, fallback.file);
    }
    return found ?? errorResponse(c.req.header("accept"), 404, "There is nothing at this address.");
  };

  app.get("/", answer);
  app.get("/:rest{.+}", answer);
  app.all("/*", (c) => {
    const response = errorResponse(c.req.header("accept"), 405, "Files can only be read.");
    response.headers.set("allow", "GET, HEAD");
    return response;
  });
  app.onError((error, c) => {
    host.log.error("a file could not be read", { path: c.req.path, error });
    return errorResponse(
      c.req.header("accept"),
      500,
      "The server could not read this file; its log says why.",
    );
  });
  return app;
}

/** Relative, so that it is right behind every proxy. */
function movedTo(location: string): Response {
  return new Response(null, { status: 301, headers: { location, "cache-control": "no-cache" } });
}

function lastOf(pathname: string): string {
  return pathname.slice(pathname.lastIndexOf("/") + 1);
}

function wantsPage(c: Context): boolean {
  return /\btext\/html\b/.test(c.req.header("accept") ?? "");
}
