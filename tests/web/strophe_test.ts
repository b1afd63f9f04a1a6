/** strophe.js in a real browser, from a page of another origin, over BOSH and over WebSocket. */
import { deepEqual, equal, match } from "node:assert/strict";
import { Browsing, hasBrowser } from "./browser.ts";
import { packageFolder } from "./npm_files.ts";
import { STROPHE_PAGE, StrophePage } from "./strophe_page.ts";
import { PASSWORD, webServer } from "./world.ts";

const TEXT = "Grüße, 你好 🎉 <b> & \u2028";
const options = { ignore: !hasBrowser, sanitizeResources: false, sanitizeOps: false };

function browsing(): Promise<Browsing> {
  return packageFolder("strophe.js").then((folder) => Browsing.start({ "/": STROPHE_PAGE }, folder));
}

for (
  const [transport, scheme, path] of [["BOSH", "http", "/http-bind"], ["WebSocket", "ws", "/xmpp-websocket"]]
) {
  Deno.test(
    `strophe.js over ${transport}: two people talk, from a page of another origin`,
    options,
    async () => {
      await using serving = await webServer();
      await using browser = await browsing();
      const service = `${scheme}://127.0.0.1:${await serving.port("http")}${path}`;
      const alice = new StrophePage(await browser.page("/"), service);
      const bob = new StrophePage(await browser.page("/"), service);
      await alice.login("alice@a.test/page", PASSWORD);
      await bob.login("bob@a.test/page", PASSWORD);
      await alice.say("bob@a.test", TEXT);
      await bob.until("heard", `alice@a.test/page: ${TEXT}`);
      for (let i = 0; i < 20; i++) await bob.say("alice@a.test/page", `answer ${i}`);
      await alice.until("heard", "bob@a.test/page: answer 19");
      await alice.disconnect();
      await bob.disconnect();
      equal((await serving.status()).sessions, 0);
      deepEqual(browser.complaints, []);
    },
  );
}

Deno.test("strophe.js over BOSH: a page that is loaded anew goes on with its session", options, async () => {
  await using serving = await webServer();
  await using browser = await browsing();
  const service = `http://127.0.0.1:${await serving.port("http")}/http-bind`;
  const alice = new StrophePage(await browser.page("/"), service);
  await alice.login("alice@a.test/page", PASSWORD);
  await alice.page.reload();
  await alice.goOn("alice@a.test/page");
  await alice.say("alice@a.test/page", "after the reload");
  await alice.until("heard", "alice@a.test/page: after the reload");
  equal((await serving.status()).sessions, 1);
});

Deno.test("a browser is kept out where the host names the origins that may", options, async () => {
  await using serving = await webServer(
    `bosh.origins = ["https://chat.a.test"]\nwebsocket.origins = ["https://chat.a.test"]`,
  );
  await using browser = await browsing();
  const port = await serving.port("http");
  const page = await browser.page("/");
  const outcomes = await page.evaluate(async (place) => {
    const asked = await fetch(`http://${place}/http-bind`, { method: "POST", body: "x" }).then(
      () => "read",
      () => "kept",
    );
    const opened = await new Promise((resolve) => {
      const socket = new WebSocket(`ws://${place}/xmpp-websocket`, "xmpp");
      socket.onopen = () => resolve("open");
      socket.onerror = () => resolve("kept");
    });
    return [asked, opened];
  }, `127.0.0.1:${port}`);
  deepEqual(outcomes, ["kept", "kept"]);
  equal((await serving.status()).sessions, 0);
});

Deno.test("AC-2.16-1: script tags in a real page get their call", options, async () => {
  await using serving = await webServer("bosh.script = true");
  await using browser = await browsing();
  const page = await browser.page("/");
  const body =
    `<body rid='1' to='a.test' ver='1.6' wait='1' hold='1' xmlns='http://jabber.org/protocol/httpbind'/>`;
  const source = `http://127.0.0.1:${await serving.port("http")}/http-bind?${encodeURIComponent(body)}`;
  const heard = await page.evaluate((source) =>
    new Promise<string>((resolve, reject) => {
      const { document } = globalThis as unknown as {
        document: {
          createElement(name: string): { src: string; onerror: (error: unknown) => void };
          head: { append(node: unknown): void };
        };
      };
      (globalThis as unknown as { _BOSH_: (text: string) => void })._BOSH_ = resolve;
      const script = document.createElement("script");
      script.src = source;
      script.onerror = reject;
      document.head.append(script);
    }), source);
  match(heard, /^<body .*stream:features/);
});
