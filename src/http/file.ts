/**
 * A file as an answer (RFC 9110): its type and length, an ETag and a date to ask again with (§13), one range of it (§14),
 * nothing but the headers for HEAD. It is streamed; it is never held in memory.
 */
import { filePart } from "./file_part.ts";

/** What is known of a file beforehand. */
export interface Served {
  readonly path: string;
  readonly type: string;
  /** More headers: how long it may be kept, how a browser shall treat it. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** The answer to a GET or HEAD for a file; undefined where there is no such file. */
export async function fileResponse(request: Request, served: Served): Promise<Response | undefined> {
  const info = await Deno.stat(served.path).catch(missing);
  if (info === undefined || !info.isFile) return undefined;
  const { size } = info;
  const modified = info.mtime ?? undefined;
  const etag = `"${size.toString(36)}-${(modified?.getTime() ?? 0).toString(36)}"`;
  const headers = new Headers(served.headers);
  headers.set("etag", etag);
  headers.set("accept-ranges", "bytes");
  if (modified !== undefined) headers.set("last-modified", modified.toUTCString());
  const asked = request.headers;
  if (isKnown(asked, etag, modified)) return new Response(null, { status: 304, headers });
  headers.set("content-type", served.type);
  const range = rangeOf(asked, size, etag, modified);
  if (range === "none") {
    headers.set("content-range", `bytes */${size}`);
    headers.delete("content-type");
    return new Response(null, { status: 416, headers });
  }
  const { start, end } = range ?? { start: 0, end: size };
  headers.set("content-length", String(end - start));
  if (range !== undefined) headers.set("content-range", `bytes ${start}-${end - 1}/${size}`);
  const status = range === undefined ? 200 : 206;
  if (request.method === "HEAD" || end === start) return new Response(null, { status, headers });
  return new Response(filePart({ path: served.path, start, end }), { status, headers });
}

/** RFC 9110 §13.1.2 and §13.1.3: the tag decides where both are given. */
function isKnown(asked: Headers, etag: string, modified: Date | undefined): boolean {
  const tags = asked.get("if-none-match");
  if (tags !== null) {
    return tags.split(",").some((tag) => tag.trim().replace(/^W\//, "") === etag || tag.trim() === "*");
  }
  const since = Date.parse(asked.get("if-modified-since") ?? "");
  return modified !== undefined && Math.floor(modified.getTime() / 1000) * 1000 <= since;
}

/** The part asked for; undefined for all of it, "none" where it lies outside. Several ranges are answered with all of it. */
function rangeOf(
  asked: Headers,
  size: number,
  etag: string,
  modified: Date | undefined,
): { start: number; end: number } | "none" | undefined {
  const found = /^bytes=(\d*)-(\d*)$/.exec(asked.get("range")?.trim() ?? "");
  if (found === null) return undefined;
  // RFC 9110 §13.1.5: a part of the version that the client knows, or else the whole new one.
  const condition = asked.get("if-range");
  if (condition !== null && condition !== etag && condition !== modified?.toUTCString()) return undefined;
  const [, first = "", last = ""] = found;
  if (first === "" && last === "") return undefined;
  if (first === "") {
    const count = Number(last);
    return count === 0 || size === 0 ? "none" : { start: Math.max(0, size - count), end: size };
  }
  const start = Number(first);
  const end = last === "" ? size : Math.min(size, Number(last) + 1);
  if (start >= size) return "none";
  return end <= start ? undefined : { start, end };
}

function missing(error: unknown): undefined {
  if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
  throw error;
}
