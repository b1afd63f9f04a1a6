/** `version`. */
import { VERSION } from "../base/version.ts";
import { type Command, EXIT, say } from "./command.ts";

export const version: Command = {
  name: "version",
  group: "Looking",
  line: "Print the version, and that of the runtime",
  run(call) {
    const { deno, v8 } = Deno.version;
    const { target, standalone } = Deno.build as typeof Deno.build & { standalone?: boolean };
    const value = { metronome: VERSION, deno, v8, target, compiled: standalone === true };
    say(call, value, `Metronome ${VERSION} (Deno ${deno}, V8 ${v8}, ${target})`);
    return Promise.resolve(EXIT.ok);
  },
};
