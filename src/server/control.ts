/**
 * The control interface: what commands ask of a server, as JSON over HTTP. It is served on a socket in the run folder that
 * only the server's user can open, and called directly where a command opens the house itself; never on a TCP port.
 */
import type { Problem } from "../config/mod.ts";
import type { App } from "../http/apps.ts";
import { jsonApp, jsonBody, JsonError } from "../http/json.ts";
import { type HttpLimits, HttpServer } from "../http/server.ts";
import { HttpPort } from "./http_port.ts";
import { CidrList } from "../base/cidr.ts";
import { type AccountChange, ControlAccounts } from "./control_accounts.ts";
import { ControlCommands, valuesIn } from "./control_commands.ts";
import { hooksOf } from "./hooks.ts";
import type { ReloadPlan, Server } from "./server.ts";
import { hostStatus, statusOf } from "./status.ts";
import { visitDomain } from "./visit.ts";
import type { ServerCertificates } from "./certificates.ts";

/** What came of a reload. */
export interface ReloadReport extends ReloadPlan {
  /** Nothing was changed. */
  readonly rehearsal: boolean;
  /** What is not as it should be, afterwards. */
  readonly problems: readonly string[];
}

/** Why a reload changed nothing. */
export class ReloadRefused extends Error {
  override readonly name = "ReloadRefused";

  /** `problems` are those of the configuration, where they are the reason. */
  constructor(message: string, readonly problems: readonly Problem[] = []) {
    super(message);
  }
}

/** What the control interface controls. A house that was only opened for a command can neither be reloaded nor stopped. */
export interface Controlled {
  readonly server: Server;
  readonly certificates?: ServerCertificates;
  reload?(rehearsal: boolean): Promise<ReloadReport>;
  /** Begins to stop; what was asked is answered before that. */
  stop?(): void;
}

/** The name of the socket in the run folder. */
export const CONTROL_SOCKET = "control.sock";

export function controlApp(controlled: Controlled): App {
  const { server, certificates } = controlled;
  const app = jsonApp(server.log.child("control"));
  app.get("/status", (c) => c.json(statusOf(server, certificates)));
  app.get("/hosts", (c) => c.json([...server.hosts.all()].map((host) => hostStatus(server, host))));
  app.get("/hosts/:domain/hooks", (c) => {
    const host = server.hosts.get(c.req.param("domain"));
    if (host === undefined) {
      throw new JsonError(404, "no-such-host", `${c.req.param("domain")} is not served here`);
    }
    return c.json(hooksOf(host));
  });
  app.post("/hosts/:domain/visits", async (c) => {
    const domain = text(await jsonBody(c.req), "domain");
    if (domain === undefined) throw new JsonError(400, "bad-request", "domain is missing");
    const report = await visitDomain(server, c.req.param("domain"), domain);
    if (report === undefined) {
      throw new JsonError(404, "no-such-host", `${c.req.param("domain")} is not served here`);
    }
    return c.json(report);
  });
  app.post("/reload", async (c) => {
    if (controlled.reload === undefined) throw notRunning();
    const { rehearsal } = await jsonBody(c.req);
    try {
      return c.json(await controlled.reload(rehearsal === true));
    } catch (error) {
      if (!(error instanceof ReloadRefused)) throw error;
      const { message, problems } = error;
      throw new JsonError(422, problems.length > 0 ? "configuration" : "refused", message, { problems });
    }
  });
  app.post("/stop", (c) => {
    if (controlled.stop === undefined) throw notRunning();
    controlled.stop();
    return c.json({ pid: Deno.pid, timeout: server.settings.server.stop_timeout });
  });
  addAccounts(app, new ControlAccounts(server));
  addCommands(app, new ControlCommands(server));
  return app;
}

function addCommands(app: App, commands: ControlCommands): void {
  const path = "/hosts/:domain/commands";
  app.get(path, (c) => c.json(commands.list(c.req.param("domain"))));
  app.post(path, async (c) => {
    const body = await jsonBody(c.req);
    const node = text(body, "node");
    if (node === undefined) throw new JsonError(400, "bad-request", "node is missing");
    const values = valuesIn(body.fields);
    return c.json(await commands.execute(c.req.param("domain"), node, values, body.show === true));
  });
}

function addAccounts(app: App, accounts: ControlAccounts): void {
  const all = "/hosts/:domain/accounts";
  const one = "/hosts/:domain/accounts/:local";
  app.get(all, (c) => c.json(accounts.list(c.req.param("domain"))));
  app.post(all, async (c) => {
    const body = await jsonBody(c.req);
    const name = text(body, "name");
    if (name === undefined) throw new JsonError(400, "bad-request", "name is missing");
    return c.json(await accounts.add(c.req.param("domain"), name, changeIn(body)), 201);
  });
  app.patch(one, async (c) => {
    const { domain, local } = c.req.param();
    return c.json(await accounts.change(domain, local, changeIn(await jsonBody(c.req))));
  });
  app.delete(one, async (c) => {
    const { domain, local } = c.req.param();
    await accounts.remove(domain, local);
    return c.json({});
  });
}

/** Serves the interface on the socket of a run folder. */
export async function listenForControl(controlled: Controlled): Promise<HttpPort> {
  const { server } = controlled;
  const { run } = server.settings.server;
  await Deno.mkdir(run, { recursive: true, mode: 0o700 });
  const apps = { hosts: new Map<string, App>(), fallback: controlApp(controlled) };
  const http = new HttpServer({
    apps: () => apps,
    limits: CONTROL_LIMITS,
    proxies: () => NOBODY,
    rates: () => undefined,
    clock: server.clock,
    wheel: server.streams.wheel,
    log: server.log.child("control"),
  });
  return await HttpPort.openUnix(http, `${run}/${CONTROL_SOCKET}`, 0o600);
}

const CONTROL_LIMITS: HttpLimits = { headerBytes: 16_384, headerMs: 10_000, idleMs: 5_000, stallMs: 60_000 };
const NOBODY = new CidrList([]);

function changeIn(body: Record<string, unknown>): AccountChange {
  const password = text(body, "password");
  const role = text(body, "role");
  const { disabled } = body;
  if (disabled !== undefined && typeof disabled !== "boolean") {
    throw new JsonError(400, "bad-request", "disabled is true or false");
  }
  return {
    ...(password === undefined ? {} : { password }),
    ...(role === undefined ? {} : { role }),
    ...(disabled === undefined ? {} : { disabled }),
  };
}

function text(body: Record<string, unknown>, key: string): string | undefined {
  const value = body[key];
  if (value === undefined || typeof value === "string") return value;
  throw new JsonError(400, "bad-request", `${key} is a text`);
}

function notRunning(): JsonError {
  return new JsonError(409, "not-running", "the server is not running");
}
