/**
 * Tells a service manager how the server is: the protocol of sd_notify(3), a datagram of `KEY=VALUE` lines to the socket
 * that $NOTIFY_SOCKET names. Nothing that goes wrong here matters to the server: it works without being watched.
 */
import { randomId } from "../base/id.ts";
import { encodeUtf8 } from "../base/bytes.ts";

export class SdNotify {
  /** `socket` is the value of $NOTIFY_SOCKET; without one nothing is ever sent. */
  constructor(private readonly socket: string | undefined) {}

  ready(status: string): Promise<boolean> {
    return this.#say("READY=1", `STATUS=${status}`, `MAINPID=${Deno.pid}`);
  }

  /** `Type=notify-reload` wants the time with it, to tell this reload from an earlier one. */
  reloading(): Promise<boolean> {
    return this.#say("RELOADING=1", `MONOTONIC_USEC=${monotonicMicroseconds()}`);
  }

  stopping(): Promise<boolean> {
    return this.#say("STOPPING=1", "STATUS=stopping");
  }

  /** Whether it could be sent. */
  async #say(...lines: string[]): Promise<boolean> {
    if (this.socket === undefined || this.socket === "") return false;
    // Names that begin with a zero byte are Linux's own, without a file: nothing is left behind.
    const path = this.socket.startsWith("@") ? `\0${this.socket.slice(1)}` : this.socket;
    try {
      const from = Deno.listenDatagram({
        transport: "unixpacket",
        path: `\0metronome-${Deno.pid}-${randomId()}`,
      });
      try {
        await from.send(encodeUtf8(lines.join("\n")), { transport: "unixpacket", path });
        return true;
      } finally {
        from.close();
      }
    } catch {
      return false;
    }
  }
}

/**
 * CLOCK_MONOTONIC as well as it can be had without native code: the time since the machine was started, which never is
 * less (it counts sleep too), rounded up to the next hundredth of a second that the system tells.
 */
function monotonicMicroseconds(): string {
  try {
    const seconds = Number(Deno.readTextFileSync("/proc/uptime").split(" ")[0]);
    return String(Math.round((seconds + 0.01) * 1e6));
  } catch {
    return "0";
  }
}
