/** Accounts whose devices have tokens (XEP-0484), and logins with them. */
import { equal } from "node:assert/strict";
import type { Element } from "#plugin";
import { PASSWORD, type TestClient, type TestOptions, type TestServer, testServer } from "#testing";
import { fast } from "../../plugins/auth/fast.ts";
import { internal } from "../../plugins/auth/internal.ts";
import { streamManagement } from "../../plugins/stream/stream_management.ts";
import { bound, FAST, hashedToken, opened, PHONE, plain, requestToken, success } from "./sasl2_client.ts";

const NONE = "HT-SHA-256-NONE";
export const config = { defaults: { scram_iterations: 4096 } };

export async function withAlice(options: TestOptions = {}) {
  const server = await testServer({ plugins: [internal, fast, streamManagement], config, ...options });
  if (!server.host.accounts.exists("alice")) await server.host.accounts.create("alice", PASSWORD);
  return server;
}

export interface Given {
  readonly token: string;
  readonly expiry: string;
}

export function given(said: Element): Given | undefined {
  const token = said.child("token", FAST);
  return token === undefined ? undefined : { token: token.attr("token")!, expiry: token.attr("expiry")! };
}

/** Logs in with the password and asks for a token. */
export async function tokenOf(
  server: TestServer,
  { mechanism = NONE, agent = PHONE, username = "alice" } = {},
): Promise<string> {
  const { client } = await opened(server, bound());
  await client.send(plain(username, PASSWORD, { agent, beside: requestToken(mechanism) }));
  const token = given(success(client))!.token;
  await client.cut();
  return token;
}

/** One login with a token, on a connection of its own. */
export async function tried(
  server: TestServer,
  login: Partial<Parameters<typeof hashedToken>[0]> & { token: string },
): Promise<{ client: TestClient; said: Element }> {
  const { client } = await opened(server, bound());
  await client.send(hashedToken({ username: "alice", ...login }));
  return { client, said: client.inbox.shift()! };
}

export async function works(
  server: TestServer,
  login: Parameters<typeof tried>[1],
): Promise<Given | undefined> {
  const { said } = await tried(server, login);
  equal(said.name, "success", String(said));
  return given(said);
}

export async function fails(
  server: TestServer,
  login: Parameters<typeof tried>[1],
  condition = "not-authorized",
): Promise<Element> {
  const { said } = await tried(server, login);
  equal(said.name, "failure", String(said));
  equal(said.first()!.name, condition);
  return said;
}
