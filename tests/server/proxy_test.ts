/** \`metronome proxy …\` from the settings alone; that nginx takes it, and works with it, is in tests/web/nginx_test.ts. */
import { deepEqual, equal, match } from "node:assert/strict";
import { Place } from "./rig.ts";

const CONFIG = `
[http]
socket = "/run/metronome/http.sock"
[host."example.org"]
http_url = "https://chat.example.org/xmpp"
upload.sendfile = "x-accel-redirect"
upload.largest = "3 MiB"
[host."other.org"]
http_url = "https://other.org"
[host."third.org"]
http_url = "https://chat.example.org/third"
[host."upload.third.org"]
kind = "upload"
upload.largest = "7 MiB"
upload.sendfile = "x-accel-redirect"
upload.sendfile_prefix = "/third-files"
upload.folder = "/srv/files"
`;

interface Printed {
  readonly sites: readonly {
    readonly name: string;
    readonly prefixes: readonly string[];
    readonly discovery: boolean;
    readonly largest: number;
    readonly files: readonly { readonly place: string; readonly folder: string }[];
  }[];
  readonly config: string;
}

Deno.test("AC-2.15-6: a proxy is told every name, path, limit and folder that the settings know", async () => {
  await using place = await Place.make(CONFIG);
  const printed = JSON.parse((await place.run(["proxy", "nginx", "--json"])).out) as Printed;
  deepEqual(
    printed.sites.map(({ name, prefixes, discovery, largest }) => ({ name, prefixes, discovery, largest })),
    [
      { name: "chat.example.org", prefixes: ["/xmpp", "/third"], discovery: false, largest: 7_340_032 },
      { name: "example.org", prefixes: [], discovery: true, largest: 1_048_576 },
      { name: "other.org", prefixes: [""], discovery: false, largest: 104_857_600 },
      { name: "third.org", prefixes: [], discovery: true, largest: 1_048_576 },
    ],
  );
  deepEqual(printed.sites[0]!.files, [
    { place: "/metronome-upload", folder: `${place.folder}/data/upload/example.org` },
    { place: "/third-files", folder: "/srv/files/upload.third.org" },
  ]);
  for (const what of ["nginx", "caddy", "apache"]) {
    const { code, out } = await place.run(["proxy", what]);
    equal(code, 0);
    for (const part of ["chat.example.org", "/xmpp", "/third", "/run/metronome/http.sock", "7340032"]) {
      equal(out.includes(part), true, `${what}: ${part}`);
    }
    for (const part of ["/.well-known/host-meta", "/.well-known/host-meta.json"]) {
      equal(out.includes(part), true, `${what}: ${part}`);
    }
    equal(out.includes("# Set host"), false);
  }
  const one = (await place.run(["proxy", "nginx", "other.org", "--listen", "127.0.0.1:8443"])).out;
  match(one, /listen 127\.0\.0\.1:8443 ssl;/);
  equal(one.includes("example.org"), false);
});

Deno.test("without a socket the port is named, and hosts whose links would lead past the proxy are", async () => {
  await using place = await Place.make(`[listen]\nhttp.at = ["0.0.0.0:5290"]\n[host."example.org"]\n`);
  const { out } = await place.run(["proxy", "nginx"]);
  match(out, /server 127\.0\.0\.1:5290;/);
  match(out, /# Set host\."example\.org"\.http_url = "https:\/\/example\.org"/);
  equal((await place.run(["proxy", "nginx", "nobody.org"])).code, 2);
  await place.write("metronome.toml", `[listen]\nhttp.enabled = false\n[host."example.org"]\n`);
  const none = await place.run(["proxy", "nginx"]);
  deepEqual([none.code, /set http\.socket/.test(none.err)], [2, true]);
});
