/** Reaching a server: the running one through its socket, or the same house opened for the length of a command. */
import { createLog } from "../base/log.ts";
import { requestUnix } from "../http/unix.ts";
import { CONTROL_SOCKET, controlApp } from "../server/control.ts";
import { openOffline } from "../server/open.ts";
import { Control } from "./control.ts";
import { EXIT, Failure } from "./command.ts";
import type { Loaded, Read } from "./load.ts";

/** A server that is there for a command. */
export interface Reached extends AsyncDisposable {
  readonly control: Control;
  /** Whether it is the one that serves. */
  readonly running: boolean;
}

/** The running server with this run folder; undefined when none answers. */
export async function reachRunning(run: string): Promise<Control | undefined> {
  const path = `${run}/${CONTROL_SOCKET}`;
  const control = new Control((target, init) => requestUnix(path, target, init));
  try {
    await control.hosts();
    return control;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.ConnectionRefused) {
      return undefined;
    }
    if (error instanceof Deno.errors.PermissionDenied) {
      throw new Failure(
        EXIT.failed,
        `${path} belongs to another user: run this command as the server's user`,
      );
    }
    throw error;
  }
}

/** As `reachRunning`, for commands that make no sense without one. */
export async function needRunning(run: string): Promise<Control> {
  const control = await reachRunning(run);
  if (control !== undefined) return control;
  throw new Failure(
    EXIT.notRunning,
    `no server is running here (nothing answers on ${run}/${CONTROL_SOCKET})`,
  );
}

/** The running server, or its house without doors: the same code on the same data. */
export async function reach(
  { read: { settings }, plugins }: Loaded & { readonly read: Read },
): Promise<Reached> {
  const control = await reachRunning(settings.server.run);
  if (control !== undefined) {
    return {
      control,
      running: true,
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }
  const log = createLog({ level: "error" });
  const server = await openOffline({ settings, plugins, log });
  const app = controlApp({ server });
  return {
    control: new Control((target, init) => Promise.resolve(app.request(target, init))),
    running: false,
    [Symbol.asyncDispose]: () => server.stop(),
  };
}
