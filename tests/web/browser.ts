/** A real browser, and a web server of another origin that it gets its pages from. */
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { extname, normalize } from "node:path";

const PROGRAM = "/usr/bin/chromium";

/** Whether there is one; the test command installs it where it can. */
export const hasBrowser = await Deno.stat(PROGRAM).then(() => true, () => false);

const TYPES: Record<string, string> = {
  ".js": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".wasm": "application/wasm",
  ".svg": "image/svg+xml",
};

export class Browsing implements AsyncDisposable {
  /** What pages have complained about. */
  readonly complaints: string[] = [];
  readonly #contexts: BrowserContext[] = [];

  private constructor(
    private readonly browser: Browser,
    private readonly server: Deno.HttpServer<Deno.NetAddr>,
  ) {}

  /** `pages` are texts by path; what is not there is looked for in `folder`. */
  static async start(pages: Record<string, string>, folder: string): Promise<Browsing> {
    const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
      const { pathname } = new URL(request.url);
      const page = pages[pathname];
      if (page !== undefined) {
        return new Response(page, { headers: { "content-type": "text/html; charset=utf-8" } });
      }
      const path = folder + normalize(pathname);
      const file = await Deno.readFile(path).catch(() => undefined);
      return file === undefined
        ? new Response(null, { status: pathname === "/favicon.ico" ? 204 : 404 })
        : new Response(file, {
          headers: { "content-type": TYPES[extname(path)] ?? "application/octet-stream" },
        });
    });
    const browser = await chromium.launch({ executablePath: PROGRAM, args: ["--no-sandbox"] });
    return new Browsing(browser, server);
  }

  get origin(): string {
    return `http://127.0.0.1:${this.server.addr.port}`;
  }

  /** A page in a profile of its own, as if on another machine. */
  async page(path: string): Promise<Page> {
    const context = await this.browser.newContext({ viewport: { width: 1000, height: 700 } });
    this.#contexts.push(context);
    const page = await context.newPage();
    page.on("console", (message) => {
      if (message.type() === "error") this.complaints.push(`${message.text()} ${message.location().url}`);
    });
    page.on("pageerror", (error) => this.complaints.push(String(error)));
    await page.goto(this.origin + path);
    return page;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const context of this.#contexts) await context.close();
    await this.browser.close();
    await this.server.shutdown();
  }
}
