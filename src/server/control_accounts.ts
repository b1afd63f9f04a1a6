/** What commands do to accounts of a server: the same whether it serves or was only opened for this. */
import type { Host } from "../host/host.ts";
import type { Role } from "../host/roles.ts";
import { JsonError } from "../http/json.ts";
import { JidError } from "../jid/error.ts";
import { Jid } from "../jid/jid.ts";
import { StanzaError } from "../stanza/error.ts";
import type { Server } from "./server.ts";

export interface AccountStatus {
  readonly address: string;
  readonly role: Role;
  readonly disabled: boolean;
  /** ISO 8601; absent for accounts that somebody else keeps. */
  readonly created?: string;
  readonly sessions: number;
}

/** What may be changed about an account. */
export interface AccountChange {
  readonly password?: string;
  /** "member" takes a role away. */
  readonly role?: string;
  readonly disabled?: boolean;
}

/** Roles that can be given. Operators are named in the configuration, so that no data can make one. */
const GIVEN: readonly Role[] = ["limited", "member", "admin"];

export class ControlAccounts {
  constructor(private readonly server: Server) {}

  list(domain: string): AccountStatus[] {
    const host = this.#host(domain);
    return [...host.accounts.list()].sort().map((local) => statusOf(host, local));
  }

  async add(domain: string, name: string, { password, role }: AccountChange): Promise<AccountStatus> {
    const { host, local } = this.#place(domain, name);
    if (password === undefined) throw new JsonError(400, "bad-request", "an account needs a password");
    const given = givenRole(role);
    try {
      await host.accounts.create(local, password, given === "member" ? undefined : given);
    } catch (error) {
      throw explained(error);
    }
    return await this.#done(host, local);
  }

  async change(domain: string, name: string, change: AccountChange): Promise<AccountStatus> {
    const { host, local } = this.#existing(domain, name);
    const role = givenRole(change.role);
    try {
      if (change.password !== undefined) await host.accounts.setPassword(local, change.password);
    } catch (error) {
      throw explained(error);
    }
    if (role !== undefined) host.accounts.setRole(local, role === "member" ? undefined : role);
    if (change.disabled !== undefined) host.accounts.setDisabled(local, change.disabled);
    return await this.#done(host, local);
  }

  async remove(domain: string, name: string): Promise<void> {
    const { host, local } = this.#existing(domain, name);
    if (!host.accounts.creates) {
      throw new JsonError(501, "not-kept-here", `the accounts of ${domain} are not kept by this server`);
    }
    host.accounts.remove(local);
    await this.server.storage.flush();
  }

  /** The answer is given when the change is safe (ARCHITECTURE: acknowledged). */
  async #done(host: Host, local: string): Promise<AccountStatus> {
    await this.server.storage.flush();
    return statusOf(host, local);
  }

  #host(domain: string): Host {
    const host = this.server.hosts.get(domain.toLowerCase());
    if (host?.options.kind === "user") return host;
    const all = [...this.server.hosts.all()].filter((it) => it.options.kind === "user").map((it) =>
      it.domain
    );
    throw new JsonError(
      404,
      "no-such-host",
      host === undefined
        ? `${domain} is not a host of this server (it has: ${all.join(", ") || "none"})`
        : `${domain} is a service: it has no accounts`,
    );
  }

  #place(domain: string, name: string): { host: Host; local: string } {
    const host = this.#host(domain);
    try {
      const { local } = Jid.of(name, host.domain, "");
      if (local === "") throw new JidError("the part before the @ is missing");
      return { host, local };
    } catch (error) {
      if (!(error instanceof JidError)) throw error;
      throw new JsonError(400, "bad-address", `"${name}@${domain}" is not an address: ${error.message}`);
    }
  }

  #existing(domain: string, name: string): { host: Host; local: string } {
    const place = this.#place(domain, name);
    if (place.host.accounts.exists(place.local)) return place;
    throw new JsonError(404, "no-such-account", `there is no account ${place.local}@${place.host.domain}`);
  }
}

function statusOf(host: Host, local: string): AccountStatus {
  const record = host.accounts.record(local);
  return {
    address: `${local}@${host.domain}`,
    role: host.accounts.role(Jid.of(local, host.domain, "")),
    disabled: host.accounts.isDisabled(local),
    ...(record === undefined ? {} : { created: new Date(record.created).toISOString() }),
    sessions: host.registry.of(local).length,
  };
}

function givenRole(role: string | undefined): Role | undefined {
  if (role === undefined) return undefined;
  const found = GIVEN.find((it) => it === role);
  if (found !== undefined) return found;
  const why = role === "operator"
    ? "operators are named in the configuration: [server] admins"
    : `there is no role "${role}" to give; there are: ${GIVEN.join(", ")}`;
  throw new JsonError(400, "bad-role", why);
}

/** A provider's refusal, in the terms of this interface. */
function explained(error: unknown): unknown {
  if (!(error instanceof StanzaError)) return error;
  switch (error.condition) {
    case "conflict":
      return new JsonError(409, "exists", error.message);
    case "item-not-found":
      return new JsonError(404, "no-such-account", error.message);
    case "not-acceptable":
      return new JsonError(422, "bad-password", error.message);
    case "not-allowed":
      return new JsonError(501, "not-kept-here", error.message);
    default:
      return new JsonError(500, error.condition, error.message);
  }
}
