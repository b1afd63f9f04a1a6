/**
 * Makes the executables: `dist/metronome.js`, then one file a platform, with their SHA-256 in `dist/SHA256SUMS`.
 *
 *     deno task compile                 everything that can be made here
 *     deno task compile --bundle-only   the JavaScript file
 *     deno task compile --pack          that, and the self-extracting pack for Linux
 *
 * `deno compile` needs its runtime stub (`denort`) for each platform: downloaded, or for this platform given in
 * DENORT_BIN. Where it cannot be had, that is said, and the pack is made in its place.
 */
import { BUNDLE, bundle, compile, HOST_TARGET, pack, sha256 } from "./executable.ts";
import { root } from "./tree.ts";

const TARGETS: Readonly<Record<string, string>> = {
  "x86_64-unknown-linux-gnu": "dist/metronome-linux-x64",
  "aarch64-unknown-linux-gnu": "dist/metronome-linux-arm64",
  "x86_64-apple-darwin": "dist/metronome-macos-x64",
  "aarch64-apple-darwin": "dist/metronome-macos-arm64",
  "x86_64-pc-windows-msvc": "dist/metronome-windows-x64.exe",
};

async function main(args: readonly string[]): Promise<void> {
  const made = [await bundle()];
  if (args.includes("--pack")) made.push(await pack());
  else if (!args.includes("--bundle-only")) made.push(...await compileAll());
  for (const path of made) console.log(`made    ${path}  ${size((await Deno.stat(root + path)).size)}`);
  await writeChecksums(made);
}

/** Every target that can be compiled here, and the pack when this machine's own is not among them. */
async function compileAll(): Promise<string[]> {
  const made: string[] = [];
  for (const [target, path] of Object.entries(TARGETS)) {
    if (Deno.env.has("DENORT_BIN") && target !== HOST_TARGET) {
      console.log(`skipped ${path}: DENORT_BIN holds the runtime for ${HOST_TARGET} only`);
      continue;
    }
    const why = await compile(target, path);
    if (why === undefined) made.push(path);
    else console.log(`not compiled here: ${path} (${why})`);
  }
  const own = TARGETS[HOST_TARGET];
  if (own === undefined || !made.includes(own)) {
    console.log(
      `no executable for this machine: making the self-extracting pack of ${BUNDLE} with deno instead`,
    );
    made.push(await pack());
  }
  return made;
}

async function writeChecksums(paths: readonly string[]): Promise<void> {
  const lines: string[] = [];
  for (const path of paths) {
    lines.push(`${await sha256(await Deno.readFile(root + path))}  ${path.replace("dist/", "")}\n`);
  }
  await Deno.writeTextFile(`${root}dist/SHA256SUMS`, lines.join(""));
}

function size(bytes: number): string {
  return bytes < 2 ** 20 ? `${(bytes / 1024).toFixed(0)} KB` : `${(bytes / 2 ** 20).toFixed(1)} MB`;
}

if (import.meta.main) await main(Deno.args);
