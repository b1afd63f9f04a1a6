/** Running `deno` itself, the very one this script runs in, and other programs. */
import { root } from "./tree.ts";

/** What became of a command. */
export interface Ran {
  readonly ok: boolean;
  /** Its standard output and standard error, one after the other. */
  readonly output: string;
}

/** Runs deno and keeps what it printed. */
export async function deno(args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  return await run([Deno.execPath(), ...args], env);
}

/** Runs a program in the project's root and keeps what it printed. */
export async function run(
  [program = "", ...args]: readonly string[],
  env: Record<string, string> = {},
): Promise<Ran> {
  const command = new Deno.Command(program, {
    args,
    cwd: root,
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
  const { success, stdout, stderr } = await command.output();
  const text = new TextDecoder();
  return { ok: success, output: text.decode(stdout) + text.decode(stderr) };
}
