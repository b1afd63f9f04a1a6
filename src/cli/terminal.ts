/** The way to the person, or the program, that runs a command: words in, words out. Tests have one of their own. */
import type { Environment } from "../config/mod.ts";
import { SecretLine } from "./secret_line.ts";

export interface Terminal {
  /** The arguments after the program's name. */
  readonly args: readonly string[];
  readonly env: Environment;
  /** Whether somebody sits there to be asked. */
  readonly interactive: boolean;
  /** Writes a text and a line end: what was asked for. */
  out(text: string): void;
  /** Likewise: what went wrong, and questions. */
  err(text: string): void;
  /** The next line of what is given; undefined at its end. */
  readLine(): Promise<string | undefined>;
  /** Asks for something that must not be seen while it is typed; undefined when the person gives up. */
  readSecret(prompt: string): Promise<string | undefined>;
}

/** The process's own terminal. */
export class SystemTerminal implements Terminal {
  readonly args = Deno.args;
  readonly env = Deno.env.toObject();
  #rest = "";

  get interactive(): boolean {
    return Deno.stdin.isTerminal();
  }

  out(text: string): void {
    console.log(text);
  }

  err(text: string): void {
    console.error(text);
  }

  async readLine(): Promise<string | undefined> {
    const decoder = new TextDecoder();
    const chunk = new Uint8Array(1024);
    while (!this.#rest.includes("\n")) {
      const read = await Deno.stdin.read(chunk);
      if (read === null) {
        const last = this.#rest;
        this.#rest = "";
        return last === "" ? undefined : last;
      }
      this.#rest += decoder.decode(chunk.subarray(0, read), { stream: true });
    }
    const end = this.#rest.indexOf("\n");
    const line = this.#rest.slice(0, end).replace(/\r$/, "");
    this.#rest = this.#rest.slice(end + 1);
    return line;
  }

  async readSecret(prompt: string): Promise<string | undefined> {
    const line = new SecretLine();
    const chunk = new Uint8Array(64);
    Deno.stderr.writeSync(new TextEncoder().encode(prompt));
    Deno.stdin.setRaw(true);
    try {
      while (line.isOpen) {
        const read = await Deno.stdin.read(chunk);
        if (read === null) return undefined;
        line.type(chunk.subarray(0, read));
      }
      return line.text;
    } finally {
      Deno.stdin.setRaw(false);
      Deno.stderr.writeSync(new TextEncoder().encode("\n"));
    }
  }
}
