/** A disk of its own for a test: a file system in memory, as small as it is said to be. Only root may have one. */

/** Why there can be none here; undefined where there can. Tried once, in a folder of its own. */
export function whyNoDisk(): string | undefined {
  if (Deno.build.os !== "linux") return "only Linux has tmpfs";
  if (Deno.uid() !== 0) return "only root may mount";
  const folder = Deno.makeTempDirSync({ prefix: "durability-" });
  const failed = mount("-t", "tmpfs", "-o", "size=64k", "tmpfs", folder);
  if (failed === undefined) unmount(folder);
  Deno.removeSync(folder);
  return failed;
}

export class SmallDisk implements Disposable {
  /** A new file system of so many megabytes. */
  constructor(readonly path: string, megabytes: number) {
    Deno.mkdirSync(path);
    this.#mount("-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs");
  }

  resize(megabytes: number): void {
    this.#mount("-o", `remount,size=${megabytes}m`);
  }

  makeReadOnly(): void {
    this.#mount("-o", "remount,ro");
  }

  [Symbol.dispose](): void {
    unmount(this.path);
  }

  #mount(...args: string[]): void {
    const failed = mount(...args, this.path);
    if (failed !== undefined) throw new Error(failed);
  }
}

function mount(...args: string[]): string | undefined {
  try {
    const { success, stderr } = new Deno.Command("mount", { args, stdout: "null" }).outputSync();
    return success ? undefined : new TextDecoder().decode(stderr).trim();
  } catch (error) {
    return String(error);
  }
}

function unmount(path: string): void {
  new Deno.Command("umount", { args: ["-l", path], stdout: "null", stderr: "null" }).outputSync();
}
