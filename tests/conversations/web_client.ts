/** What a browser gets from a test server: its apps as the ports serve them, without a port. */
import type { TestServer } from "#testing";
import { Web } from "../../src/server/web.ts";

export interface Page {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Asks for a path of a host; redirections are not followed. */
export async function fetchFrom(
  server: TestServer,
  path: string,
  headers: Record<string, string> = { accept: "text/html" },
  domain = "muc.a.test",
): Promise<Page> {
  const { hosts, fallback } = new Web(server.server).apps;
  const response = await (hosts.get(domain) ?? fallback).request(`https://${domain}${path}`, { headers });
  return { status: response.status, headers: response.headers, text: await response.text() };
}
