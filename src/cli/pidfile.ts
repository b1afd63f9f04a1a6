/** The file with the process's number, for service managers that want one. */
import { dirname } from "node:path";

/** Writes it; disposing of it takes it away, if it is still ours. */
export function writePidfile(path: string | undefined): Disposable {
  if (path === undefined) return { [Symbol.dispose]() {} };
  const text = `${Deno.pid}\n`;
  try {
    Deno.mkdirSync(dirname(path), { recursive: true });
    Deno.writeTextFileSync(path, text, { mode: 0o644 });
  } catch (error) {
    throw new Error(
      `the pidfile ${path} cannot be written: ${error instanceof Error ? error.message : error}`,
    );
  }
  return {
    [Symbol.dispose]() {
      try {
        if (Deno.readTextFileSync(path) === text) Deno.removeSync(path);
      } catch {
        // It is gone already, which is what is wanted.
      }
    },
  };
}
