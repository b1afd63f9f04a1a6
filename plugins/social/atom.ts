/**
 * The blogs of accounts over HTTP (RFC 4287, RFC 5005): for feed readers, and for people without an account. Only nodes that are
 * open to everybody exist here; who asks for another cannot tell it from one that is not there.
 */
import { type Context, Hono } from "hono";
import {
  type App,
  definePlugin,
  encodeHex,
  encodeUtf8,
  errorResponse,
  hashed,
  type HostScope,
  Jid,
  options,
  type PageRequest,
  StanzaError,
  webPath,
  z,
} from "#plugin";
import { type ItemPage, type NodeView, personalServices, type PubsubService } from "../pubsub/api.ts";
import { ABOUT, entryOf, feedOf, type Link } from "./feed.ts";
import { MICROBLOG } from "./names.ts";
import { nodeUri } from "./uri.ts";

const TYPE = "application/atom+xml";

const config = options({
  path: webPath("/blog"),
  posts: z.number().int().min(1).max(200).default(20).describe("Posts on a page."),
});
type Config = z.infer<typeof config>;

export const atom = definePlugin({
  name: "atom",
  doc: "Shows blogs that are open to everybody as Atom feeds on the web.",
  config,
  needs: [personalServices],
  setup(host) {
    host.http(host.config.path, feeds(host));
  },
});

function feeds(host: HostScope<Config>): App {
  const app: App = new Hono();
  app.get("/:local", (c) => answer(host, c, MICROBLOG));
  app.get("/:local/:node{.+}", (c) => answer(host, c, c.req.param("node")));
  return app;
}

function answer(host: HostScope<Config>, c: Context, name: string): Response {
  const found = find(host, c.req.param("local") ?? "", name);
  const page = found && read(found.service, name, c, host.config.posts);
  if (found === undefined || page === undefined) {
    return errorResponse(c.req.header("accept"), 404, "There is no blog at this address.");
  }
  const { service, node } = found;
  const at = service.last(name)?.at ?? node.created;
  const base = addressOf(host, service.owner, name);
  const links = linksOf(c, page, base);
  const entries = page.items.map((item) => entryOf(service.jid, name, item)).filter((it) => it !== undefined);
  const about = service.item(name, ABOUT);
  const feed = feedOf({ jid: service.jid, node, about, updated: at, links }).plus(...entries.reverse());
  const text = `<?xml version="1.0" encoding="utf-8"?>\n${feed}\n`;
  const etag = `"${encodeHex(hashed("SHA-256", encodeUtf8(text))).slice(0, 32)}"`;
  const headers = {
    etag,
    "last-modified": new Date(at).toUTCString(),
    link: headerOf(service, name, links),
    "cache-control": "no-cache",
    // It is for everybody, wherever their reader is; and what people write is no page of ours.
    "access-control-allow-origin": "*",
    "content-security-policy": "default-src 'none'; sandbox",
    "x-content-type-options": "nosniff",
  };
  if (isFresh(c, etag, at)) return new Response(null, { status: 304, headers });
  return c.body(text, 200, { ...headers, "content-type": `${TYPE}; charset=utf-8` });
}

interface Found {
  readonly service: PubsubService;
  readonly node: NodeView;
}

function find(host: HostScope<Config>, local: string, name: string): Found | undefined {
  const jid = Jid.tryParse(`${local}@${host.domain}`);
  if (jid === undefined || jid.resource !== "" || !host.accounts.exists(jid.local)) return undefined;
  const service = host.use(personalServices).of(jid.local);
  const node = service.node(name);
  return node?.config.access_model === "open" ? { service, node } : undefined;
}

/** The page that is asked for: the newest posts, or those beside a post. Undefined where there is no such post. */
function read(service: PubsubService, name: string, c: Context, max: number): ItemPage | undefined {
  const { before, after } = c.req.query();
  const request: PageRequest = after === undefined ? { max, before: before ?? "" } : { max, after };
  try {
    return service.items(name, request, max);
  } catch (error) {
    if (error instanceof StanzaError) return undefined;
    throw error;
  }
}

function addressOf(host: HostScope<Config>, local: string, name: string): string {
  const path = `${host.config.path}/${encodeURIComponent(local)}`;
  return host.url(name === MICROBLOG ? path : `${path}/${encodeURIComponent(name)}`);
}

/** RFC 5005 §3: "next" are the older posts. */
function linksOf(c: Context, { items, truncated }: ItemPage, base: string): Link[] {
  const { before, after } = c.req.query();
  const [first, last] = [items[0], items.at(-1)];
  const older = after === undefined ? truncated : true;
  const newer = after === undefined ? before !== undefined && before !== "" : truncated;
  const link = (rel: string, query = ""): Link => ({ rel, href: base + query, type: TYPE });
  const own = after !== undefined
    ? `?after=${encodeURIComponent(after)}`
    : before === undefined
    ? ""
    : `?before=${encodeURIComponent(before)}`;
  const links = [link("self", own), link("first")];
  if (older && first !== undefined) links.push(link("next", `?before=${encodeURIComponent(first.id)}`));
  if (newer && last !== undefined) links.push(link("previous", `?after=${encodeURIComponent(last.id)}`));
  return links;
}

/** RFC 8288: the same links, and where the blog is in XMPP. */
function headerOf(service: PubsubService, name: string, links: readonly Link[]): string {
  const all: Link[] = [
    { rel: "alternate", href: nodeUri(encodeURI(service.jid.toString()), name) },
    ...links,
  ];
  return all.map(({ rel, href }) => `<${href}>; rel="${rel}"`).join(", ");
}

/** RFC 9110 §13.2.2: what was read last is still right. */
function isFresh(c: Context, etag: string, at: number): boolean {
  const match = c.req.header("if-none-match");
  if (match !== undefined) {
    return match === "*" || match.split(",").some((it) => it.trim().replace(/^W\//, "") === etag);
  }
  const since = Date.parse(c.req.header("if-modified-since") ?? "");
  return Math.floor(at / 1000) * 1000 <= since;
}
