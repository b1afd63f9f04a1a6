/** Whether a port could be opened, found out by opening it for a moment. */
import { createServer } from "node:net";
import { openPort } from "./listener.ts";

/** Why an address cannot be listened on, in the words a start would use; undefined when it can. */
export async function whyNotOpen(at: string): Promise<string | undefined> {
  const server = createServer();
  try {
    await openPort(server, at);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    if (server.listening) await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}
