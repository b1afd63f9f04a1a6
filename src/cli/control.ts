/** The control interface, seen from a command: a function an action, typed as the server answers. */
import type { Problem } from "../config/mod.ts";
import type { CommandReport } from "../server/control_commands.ts";
import type { ReloadReport } from "../server/control.ts";
import type { AccountChange, AccountStatus } from "../server/control_accounts.ts";
import type { OperatorCommand, OperatorValues } from "../host/operator_commands.ts";
import type { Hooks } from "../server/hooks.ts";
import type { HostStatus, Status } from "../server/status.ts";
import type { VisitReport } from "../server/visit.ts";
import { EXIT, Failure } from "./command.ts";

/** Carries one request to the interface, wherever it is. */
export type Send = (path: string, init: RequestInit) => Promise<Response>;

export class Control {
  constructor(private readonly send: Send) {}

  status(): Promise<Status> {
    return this.#ask("GET", "/status");
  }

  hosts(): Promise<HostStatus[]> {
    return this.#ask("GET", "/hosts");
  }

  hooks(domain: string): Promise<Hooks> {
    return this.#ask("GET", `/hosts/${encodeURIComponent(domain)}/hooks`);
  }

  reload(rehearsal: boolean): Promise<ReloadReport> {
    return this.#ask("POST", "/reload", { rehearsal });
  }

  stop(): Promise<{ readonly pid: number; readonly timeout: number }> {
    return this.#ask("POST", "/stop", {});
  }

  /** Lets a host of the server ask another domain whether it is there. */
  visit(from: string, domain: string): Promise<VisitReport> {
    return this.#ask("POST", `/hosts/${encodeURIComponent(from)}/visits`, { domain });
  }

  commands(domain: string): Promise<OperatorCommand[]> {
    return this.#ask("GET", `/hosts/${encodeURIComponent(domain)}/commands`);
  }

  /** Has a host execute one of its administration commands; with `show`, only says what it asks for. */
  execute(domain: string, node: string, fields: OperatorValues, show: boolean): Promise<CommandReport> {
    return this.#ask("POST", `/hosts/${encodeURIComponent(domain)}/commands`, { node, fields, show });
  }

  accounts(domain: string): Promise<AccountStatus[]> {
    return this.#ask("GET", accountsOf(domain));
  }

  addAccount(domain: string, name: string, change: AccountChange): Promise<AccountStatus> {
    return this.#ask("POST", accountsOf(domain), { name, ...change });
  }

  changeAccount(domain: string, name: string, change: AccountChange): Promise<AccountStatus> {
    return this.#ask("PATCH", `${accountsOf(domain)}/${encodeURIComponent(name)}`, change);
  }

  async removeAccount(domain: string, name: string): Promise<void> {
    await this.#ask("DELETE", `${accountsOf(domain)}/${encodeURIComponent(name)}`);
  }

  async #ask<T>(method: string, path: string, body?: object): Promise<T> {
    const response = await this.send(path, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
    const answer = await response.json() as unknown;
    if (response.ok) return answer as T;
    throw refused(answer as Refused);
  }
}

interface Refused {
  readonly error: string;
  readonly message: string;
  readonly problems?: readonly Problem[];
  /** What a command asks for. */
  readonly form?: unknown;
}

/** What the server said, with the exit code that goes with it. */
function refused({ error, message, problems, form }: Refused): Failure {
  const exit = error === "configuration" || error.startsWith("bad-") ? EXIT.usage : EXIT.failed;
  return new Failure(exit, message, {
    code: error,
    ...(problems === undefined ? {} : { problems }),
    ...(form === undefined ? {} : { form }),
  });
}

function accountsOf(domain: string): string {
  return `/hosts/${encodeURIComponent(domain)}/accounts`;
}
