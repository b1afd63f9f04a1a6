/** Where passwords come from: typed unseen and twice, or the first line of what is piped in. Never an argument. */
import { type Call, EXIT, Failure } from "./command.ts";

export async function askPassword({ terminal }: Call): Promise<string> {
  if (!terminal.interactive) {
    const line = await terminal.readLine();
    if (line === undefined || line === "") {
      throw new Failure(EXIT.usage, "no password: pipe one in (its first line counts), or use --generate");
    }
    return line;
  }
  for (;;) {
    const first = await terminal.readSecret("Password: ");
    if (first === undefined || first === "") {
      throw new Failure(EXIT.failed, "no password, nothing was changed");
    }
    const second = await terminal.readSecret("Again: ");
    if (second === undefined) throw new Failure(EXIT.failed, "no password, nothing was changed");
    if (first === second) return first;
    terminal.err("These were not the same.");
  }
}
