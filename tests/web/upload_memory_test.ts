/** Issue 7: a large file never needs more than 32 MB, in or out, in the clear or with TLS. tests/bench/upload_memory.ts measures. */
import { ok } from "node:assert/strict";
import { Uploader } from "./uploader.ts";
import { webServer } from "./world.ts";

const SIZE = 300_000_000;
const MOST = 32;

const hasCurl = await Deno.stat("/usr/bin/curl").then(() => true, () => false);
const canReset = await Deno.writeTextFile("/proc/self/clear_refs", "5").then(() => true, () => false);

async function memory(what: string): Promise<number> {
  const text = await Deno.readTextFile("/proc/self/status");
  return Number(new RegExp(`${what}:\\s+(\\d+) kB`).exec(text)![1]) / 1024;
}

async function curl(...args: string[]): Promise<string> {
  const { stdout } = await new Deno.Command("curl", {
    args: ["-sk", "-o", "/dev/null", "-w", "%{http_code} %{size_download}", "-H", "Host: a.test", ...args],
  }).output();
  return new TextDecoder().decode(stdout);
}

Deno.test({
  name: "BUG-44: a large file needs no more memory than a small one",
  ignore: !hasCurl || !canReset,
  async fn() {
    await using serving = await webServer('upload.largest = "1 GiB"');
    using alice = await Uploader.online(serving);
    const path = `${serving.place.folder}/large`;
    await Deno.writeFile(path, new Uint8Array(0));
    for (const kind of ["http", "https"]) {
      const base = `${kind}://127.0.0.1:${await serving.port(kind)}`;
      for (const size of [20_000_000, SIZE]) {
        await Deno.truncate(path, size);
        const slot = await alice.slot("large.bin", size, "application/octet-stream");
        const url = base + new URL(slot.put).pathname;
        const step = async (name: string, expected: string, args: string[]) => {
          await Deno.writeTextFile("/proc/self/clear_refs", "5");
          const before = await memory("VmRSS");
          const answer = await curl(...args);
          const grown = await memory("VmHWM") - before;
          ok(answer.startsWith(expected), `${name}: ${answer}`);
          // The first and smaller file is what warms the server up.
          if (size === SIZE) ok(grown < MOST, `${kind} ${name}: ${grown.toFixed(1)} MiB more`);
        };
        await step("upload", "201", ["-T", path, "-H", `Authorization: ${slot.headers.Authorization}`, url]);
        await step("download", `200 ${size}`, [url]);
      }
    }
  },
});
