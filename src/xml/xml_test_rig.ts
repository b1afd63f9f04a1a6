/** Tests of memory: a program in a runtime of its own, whose collector can be called. */
import { strict as assert } from "node:assert";

/** Runs a program, which finds the heap in use with `used()`, and reads the number that it prints. */
export async function measure(program: string): Promise<number> {
  const used = `
    function used() { for (let i = 0; i < 4; i++) globalThis.gc(); return Deno.memoryUsage().heapUsed; }`;
  const command = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", "--v8-flags=--expose-gc", "--ext=ts", used + program],
    stdout: "piped",
    stderr: "piped",
  });
  const { stdout, stderr, success } = await command.output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return Number(new TextDecoder().decode(stdout));
}
