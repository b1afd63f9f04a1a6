/** Keeps `Absences` up to date: which devices of an account get what, beside the one that it is kept for. */
import type { ClientSession, HostScope } from "#plugin";
import { becameUnavailable, carbonsSwitched, presenceChanged } from "../im/api.ts";
import type { Acknowledgements } from "./acknowledgements.ts";

/** `accepts`: whether a device of this priority takes messages for its account; `of`: what a session has unacknowledged. */
export function watchDevices(
  host: HostScope<unknown>,
  accepts: (priority: number) => boolean,
  of: (session: ClientSession) => Acknowledgements | undefined,
): void {
  const tell = (session: ClientSession, which: "unreached" | "uncopied", there: boolean): undefined => {
    for (const other of host.sessions(session.account)) {
      const acks = other === session ? undefined : of(other);
      acks?.[which][there ? "came" : "went"](session, acks.queue.length);
    }
  };
  host.on(presenceChanged, ({ session, priorityBefore }) => {
    const before = priorityBefore !== undefined && accepts(priorityBefore);
    const now = accepts(session.priority);
    if (before !== now) tell(session, "unreached", now);
  });
  host.on(becameUnavailable, ({ session, priorityBefore }) => {
    if (accepts(priorityBefore)) tell(session, "unreached", false);
  });
  host.on(carbonsSwitched, ({ session, on }) => tell(session, "uncopied", on));
}
