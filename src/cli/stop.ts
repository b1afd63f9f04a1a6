/** `stop`: asks the running server to end, and waits until it has. */
import { type Clock, systemClock } from "../base/clock.ts";
import { type Command, EXIT, Failure, say } from "./command.ts";
import { Configuration } from "./load.ts";
import { needRunning, reachRunning } from "./reach.ts";

const LOOK_AGAIN = 50;
/** Beyond the server's own deadline. */
const PATIENCE = 5_000;

export const stop: Command = {
  name: "stop",
  group: "Serving",
  line: "Stop the running server in order, and wait until it has stopped",
  page:
    "Every client is told that the server shuts down (RFC 6120 §4.9.3.20), everything is written, then the process ends. " +
    "Exit code 3 when no server is running.",
  examples: [["metronome stop", "the server of this folder's configuration"]],
  configured: true,
  async run(call) {
    const { runFolder } = new Configuration(call);
    const { pid, timeout } = await (await needRunning(runFolder)).stop();
    const deadline = systemClock.monotonic() + timeout + PATIENCE;
    while (await reachRunning(runFolder).catch(() => undefined) !== undefined) {
      if (systemClock.monotonic() > deadline) {
        throw new Failure(
          EXIT.failed,
          `process ${pid} has been asked to stop and is still there; see its log`,
        );
      }
      await wait(systemClock, LOOK_AGAIN);
    }
    say(call, { stopped: pid }, `Stopped (process ${pid}).`);
    return EXIT.ok;
  },
};

function wait(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.after(ms, resolve));
}
