/**
 * How the server becomes one file. It is bundled into one JavaScript file first, and that very file is compiled; where
 * the compiler's runtime cannot be had, the same file is packed with the `deno` that runs here, as a shell script that
 * unpacks itself. The permissions of both are these, and no others.
 */
import { deno, run } from "./deno_run.ts";
import { exists, root } from "./tree.ts";

/** What the server may do: everything but native code (`--allow-ffi`), and without asking. */
export const PERMISSIONS = [
  "--allow-net",
  "--allow-read",
  "--allow-write",
  "--allow-env",
  "--allow-sys",
  "--allow-run",
  "--no-prompt",
] as const;
/**
 * Flags of the runtime, in every form in which it runs: what the code relies on, and a small nursery of the garbage
 * collector (a fifth less memory for a server full of idle sessions, at the same CPU: docs/performance.md).
 */
const RUNTIME = ["--unstable-net", "--v8-flags=--max-semi-space-size=4"] as const;

/** The bundle that everything else is made from. */
export const BUNDLE = "dist/metronome.js";
/** The self-extracting stand-in for an executable. */
export const PACK = "dist/metronome-linux-x64.pack";
/** The name of the target that this machine is. */
export const HOST_TARGET = Deno.build.target;

/** What stands between the head and the archive of a pack. */
const END_OF_HEAD = "# what follows is an archive";

/** Bundles `mod.ts` with all that it imports. Throws with the compiler's words. */
export async function bundle(): Promise<string> {
  await Deno.mkdir(`${root}dist`, { recursive: true });
  const { ok, output } = await deno([
    "bundle",
    "--platform=deno",
    "--packages=bundle",
    "--quiet",
    "-o",
    BUNDLE,
    "mod.ts",
  ]);
  if (!ok) throw new Error(`deno bundle failed:\n${output}`);
  return BUNDLE;
}

/** Compiles the bundle for a target; undefined when it worked, else the reason in the compiler's words. */
export async function compile(target: string, to: string): Promise<string | undefined> {
  const args = ["compile", "--no-config", "--no-lock", "--no-check", "--quiet", "--target", target, "-o", to];
  const { ok, output } = await deno([...args, ...PERMISSIONS, ...RUNTIME, BUNDLE]);
  if (!ok) return reason(output);
  if (target !== HOST_TARGET) return undefined;
  // With deno itself in DENORT_BIN the compiler is content, and makes a file that is but another deno.
  const { output: said } = await run([`${root}${to}`, "--version"]);
  if (!/^deno \d/m.test(said)) return undefined;
  await Deno.remove(root + to);
  return "DENORT_BIN is deno itself, not the runtime for executables";
}

/** Packs the bundle with this machine's deno, unless there is such a pack already; its path. */
export async function pack(): Promise<string> {
  if (Deno.build.os === "windows") {
    throw new Error("the pack is a shell script: it cannot be made on Windows");
  }
  const hash = await contentHash();
  if (exists(PACK) && (await head(PACK)).includes(`-${hash}"`)) return PACK;
  const folder = await Deno.makeTempDir({ prefix: "metronome-pack-" });
  try {
    await Deno.copyFile(Deno.execPath(), `${folder}/deno`);
    await Deno.chmod(`${folder}/deno`, 0o755);
    await Deno.copyFile(root + BUNDLE, `${folder}/metronome.js`);
    const archive = `${folder}/archive.tar.gz`;
    const { ok, output } = await run(["tar", "-czf", archive, "-C", folder, "deno", "metronome.js"]);
    if (!ok) throw new Error(`tar failed: ${output}`);
    const whole = `${root}${PACK}.new`;
    await Deno.writeTextFile(whole, packHead(hash));
    const source = await Deno.open(archive);
    const to = await Deno.open(whole, { append: true });
    await source.readable.pipeTo(to.writable);
    await Deno.chmod(whole, 0o755);
    await Deno.rename(whole, root + PACK);
    return PACK;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** For the black-box tests: a real executable where the runtime for one can be had, the pack elsewhere. */
export async function prepareExecutable(): Promise<{ env: Record<string, string>; note: string }> {
  await bundle();
  const compiled = "dist/metronome-under-test";
  const why = await compile(HOST_TARGET, compiled);
  // Each bundle unpacks into a folder of its own, a hundred megabytes: those of the tests are not kept.
  const unpacked = `${root}dist/unpacked`;
  await Deno.remove(unpacked, { recursive: true }).catch(() => {});
  const [path, kind] = why === undefined ? [compiled, "compiled"] : [await pack(), "pack"];
  return {
    env: {
      METRONOME_EXECUTABLE: root + path,
      METRONOME_EXECUTABLE_KIND: kind,
      METRONOME_PACK_CACHE: unpacked,
    },
    note: why === undefined
      ? "ran against the executable made by deno compile"
      : `ran against the pack of the same bundle; no executable was compiled here (${why})`,
  };
}

/** The shell's half of a pack. Unpacking is done beside and then moved, so that two first starts do not meet. */
function packHead(hash: string): string {
  const lines = [
    "#!/bin/sh",
    `d="\${METRONOME_PACK_CACHE:-\${XDG_CACHE_HOME:-\${HOME:-/tmp}/.cache}}/metronome-${hash}"`,
    `if [ ! -x "$d/deno" ]; then`,
    `  t="$d.$$" && mkdir -p "$t" && tail -c +@OFFSET@ "$0" | tar -xzf - -C "$t" || exit 1`,
    `  mv -T "$t" "$d" 2>/dev/null || rm -rf "$t"`,
    "fi",
    `exec "$d/deno" run --no-config --no-lock --no-npm --no-remote ${
      [...PERMISSIONS, ...RUNTIME].join(" ")
    } "$d/metronome.js" "$@"`,
    END_OF_HEAD,
    "",
  ];
  const text = lines.join("\n");
  // The offset counts from 1 and is part of what it counts: eight places are kept for it.
  const length = text.length - "@OFFSET@".length + 8;
  return text.replace("@OFFSET@", String(length + 1).padStart(8, "0"));
}

async function head(path: string): Promise<string> {
  using file = await Deno.open(root + path);
  const bytes = new Uint8Array(4096);
  const read = await file.read(bytes) ?? 0;
  return new TextDecoder().decode(bytes.subarray(0, read)).split(END_OF_HEAD)[0] ?? "";
}

/** Names what is inside a pack: the bundle, the runtime, and the shell's half with its flags. */
async function contentHash(): Promise<string> {
  const inside = new TextEncoder().encode(`${Deno.version.deno}\n${packHead("")}`);
  const code = await Deno.readFile(root + BUNDLE);
  const all = new Uint8Array(inside.length + code.length);
  all.set(inside);
  all.set(code, inside.length);
  return (await sha256(all)).slice(0, 16);
}

/** The SHA-256 of bytes, in hexadecimal. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

/** What a complaint says, on one line. */
function reason(output: string): string {
  // deno-lint-ignore no-control-regex -- the compiler colours its output with escape sequences
  const lines = output.replaceAll(/\u001b\[[0-9;]*m/g, "").split("\n").map((line) => line.trim());
  const said = lines.filter((line) =>
    !/^$|^(error: )?Writing deno compile|^Caused by:|^Stack backtrace|^\d+: <unknown>/.test(line)
  );
  return said.slice(0, 2).map((line) => line.replace(/^(error|\d+): /, "")).join(" ").slice(0, 300);
}
