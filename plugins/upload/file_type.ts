/** How a file may be served so that no browser takes it for a page of ours: scripts, markup and the unknown are saved. */

/** Types by the ending of a name, for clients that say none. */
const BY_ENDING: Readonly<Record<string, string>> = {
  avif: "image/avif",
  gif: "image/gif",
  jpeg: "image/jpeg",
  jpg: "image/jpeg",
  m4a: "audio/mp4",
  mp3: "audio/mpeg",
  mp4: "video/mp4",
  oga: "audio/ogg",
  ogg: "audio/ogg",
  opus: "audio/ogg",
  pdf: "application/pdf",
  png: "image/png",
  txt: "text/plain",
  wav: "audio/wav",
  webm: "video/webm",
  webp: "image/webp",
};

/** The type to serve a file as. */
export function typeOf(name: string, said: string): string {
  const type = said.split(";", 1)[0]!.trim().toLowerCase();
  if (type !== "" && type !== "application/octet-stream") return type;
  return BY_ENDING[name.slice(name.lastIndexOf(".") + 1).toLowerCase()] ?? "application/octet-stream";
}

/** Whether a browser may show it by itself. SVG and XML may hold scripts whatever the list says. */
export function isInline(type: string, inline: readonly string[]): boolean {
  if (/[+/](xml|html|javascript|ecmascript)/.test(type)) return false;
  return inline.some((it) => it === type || (it.endsWith("/*") && type.startsWith(it.slice(0, -1))));
}

/** The headers that go with that (RFC 6266 §4). */
export function servingHeaders(
  name: string,
  type: string,
  inline: readonly string[],
): Record<string, string> {
  const shown = isInline(type, inline);
  const ascii = name.replace(/[^\x20-\x7e]|["\\%]/g, "_");
  return {
    "content-disposition": `${shown ? "inline" : "attachment"}; filename="${ascii}"; filename*=UTF-8''${
      encodeURIComponent(name).replace(/['()*]/g, (it) => "%" + it.charCodeAt(0).toString(16).toUpperCase())
    }`,
    "content-security-policy": "default-src 'none'; sandbox",
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "cross-origin",
  };
}
