/** A small picture for the tab that shows one of our pages. */
import { Hono } from "hono";
import { type App, decodeBase64, definePlugin, none } from "#plugin";
import { ICON } from "./favicon_image.ts";

export const favicon = definePlugin({
  name: "favicon",
  doc: "A small picture for browsers' tabs, at /favicon.ico and /assets/favicon.png.",
  config: none,
  standard: true,
  setup(host) {
    const png = decodeBase64(ICON)!;
    host.http("/favicon.ico", picture(icon(png), "image/x-icon"));
    host.http("/assets/favicon.png", picture(png, "image/png"));
  },
});

function picture(bytes: Uint8Array<ArrayBuffer>, type: string): App {
  const app: App = new Hono();
  return app.get(
    "/",
    (c) => c.body(bytes, 200, { "content-type": type, "cache-control": "public, max-age=86400" }),
  );
}

/** A PNG as the one picture of an icon file. */
function icon(png: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(22 + png.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(2, 1, true); // an icon
  view.setUint16(4, 1, true); // of one picture
  bytes.set([32, 32], 6);
  view.setUint16(10, 1, true);
  view.setUint16(12, 32, true);
  view.setUint32(14, png.length, true);
  view.setUint32(18, 22, true);
  bytes.set(png, 22);
  return bytes;
}
