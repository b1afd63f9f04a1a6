/** converse.js in a real browser: two people log in and talk. With METRONOME_SCREENSHOTS, a folder, there are pictures of it. */
import { equal, match } from "node:assert/strict";
import type { Page } from "playwright-core";
import { Browsing, hasBrowser } from "./browser.ts";
import { packageFolder } from "./npm_files.ts";
import { PASSWORD, webServer } from "./world.ts";

const options = { ignore: !hasBrowser, sanitizeResources: false, sanitizeOps: false };
const PATIENCE = { timeout: 30_000 };

function pageFor(service: string): string {
  const connection = service.startsWith("ws") ? "websocket_url" : "bosh_service_url";
  return `<!doctype html><title>converse</title>
    <link rel="stylesheet" href="/dist/converse.min.css">
    <body class="reset"><div id="conversejs-bg"></div>
    <script type="module">
      import "/dist/converse.min.js";
      converse.initialize({
        ${connection}: "${service}",
        view_mode: "fullscreen",
        assets_path: "/dist/",
        i18n: "en",
        discover_connection_methods: false,
        allow_registration: false,
        show_background: true,
        loglevel: "warn",
      });
    </script>`;
}

async function login(page: Page, jid: string): Promise<void> {
  await page.fill("input[name=jid]", jid, PATIENCE);
  await page.fill("input[name=password]", PASSWORD);
  await page.click("input[type=submit], button[type=submit]");
  await page.waitForSelector("converse-user-profile, #controlbox .controlbox-section", PATIENCE);
}

async function picture(page: Page, name: string): Promise<void> {
  const folder = Deno.env.get("METRONOME_SCREENSHOTS");
  if (folder !== undefined) await page.screenshot({ path: `${folder}/${name}.png` });
}

async function talk(page: Page, text: string): Promise<void> {
  await page.fill("textarea.chat-textarea", text, PATIENCE);
  await page.press("textarea.chat-textarea", "Enter");
}

for (
  const [transport, scheme, path] of [["WebSocket", "ws", "/xmpp-websocket"], ["BOSH", "http", "/http-bind"]]
) {
  Deno.test(`converse.js over ${transport}: two people log in and talk`, options, async () => {
    await using serving = await webServer();
    const service = `${scheme}://127.0.0.1:${await serving.port("http")}${path}`;
    const folder = await packageFolder("converse.js");
    await using browser = await Browsing.start({ "/": pageFor(service) }, folder);
    const [alice, bob] = [await browser.page("/"), await browser.page("/")];
    await login(alice, "alice@a.test");
    await login(bob, "bob@a.test");
    equal((await serving.status()).sessions, 2);
    for (const [page, peer] of [[alice, "bob@a.test"], [bob, "alice@a.test"]] as const) {
      await page.evaluate((peer) => {
        location.hash = `#converse/chat?jid=${peer}`;
      }, peer);
      await page.waitForSelector("textarea.chat-textarea", PATIENCE);
    }
    await talk(alice, "Hello Bob, 你好 🎉");
    await bob.waitForSelector("text=Hello Bob, 你好", PATIENCE);
    await talk(bob, "Hello Alice, I read you");
    await alice.waitForSelector("text=Hello Alice, I read you", PATIENCE);
    await picture(alice, `converse-${transport}-alice`);
    await picture(bob, `converse-${transport}-bob`);
    match(await alice.innerText("body"), /I read you/);
  });
}
