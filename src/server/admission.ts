/**
 * Lets plugins turn an address away before anything is said (the tap `connecting`). Guards fail closed: whoever throws, or has
 * not answered in time, has refused.
 */
import { isPromise } from "../base/maybe.ts";
import type { Host } from "../host/host.ts";
import { connecting } from "../host/points.ts";
import type { Carrier } from "../transport/carrier.ts";
import type { StreamContext } from "../stream/stream.ts";

/** What is asked of the server. */
export interface Admitting {
  readonly hosts: { all(): Iterable<Host> };
  readonly streams: Pick<StreamContext, "clock">;
}

type Answer = "refuse" | undefined;

/** So long a plugin may take; a list of addresses somewhere else answers in much less. */
const LONGEST_MS = 10_000;

/** Asks the plugins of every host whether a connection may come, which is closed where not. */
export function askPlugins(server: Admitting, kind: string, carrier: Carrier, accept: () => void): void {
  const waits: Promise<Answer>[] = [];
  for (const host of server.hosts.all()) {
    for (const { owner, fn } of host.fittings.tap(connecting)) {
      try {
        const answer = fn({ ...carrier.peer, kind });
        if (answer === "refuse") return carrier.destroy();
        if (isPromise(answer)) waits.push(inTime(server, host, owner, answer));
      } catch (error) {
        host.fault(owner, error, undefined);
        return carrier.destroy();
      }
    }
  }
  if (waits.length === 0) return accept();
  Promise.all(waits).then((answers) => {
    if (answers.includes("refuse")) carrier.destroy();
    else accept();
  });
}

function inTime(server: Admitting, host: Host, owner: string, answer: Promise<Answer>): Promise<Answer> {
  return new Promise((resolve) => {
    const timer = server.streams.clock.after(LONGEST_MS, () => {
      host.log.warn("a plugin did not say in time whether an address may connect", { plugin: owner });
      resolve("refuse");
    });
    answer.then(resolve, (error) => {
      host.fault(owner, error, undefined);
      resolve("refuse");
    }).finally(() => timer.cancel());
  });
}
