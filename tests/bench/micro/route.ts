/** What a message costs between two sockets that cost nothing: read, routed past all standard plugins, written. */
import { benchServer, Client, time } from "./server.ts";

const encoder = new TextEncoder();

export async function run(): Promise<void> {
  await using server = await benchServer();
  const alice = await new Client(server).login("alice", "<presence/>");
  await new Client(server).login("bob", "<presence/>");
  const body = "x".repeat(100);
  const flush = () => server.server.streams.flusher.flush();
  const chat = (to: string) =>
    encoder.encode(`<message to='${to}' type='chat' id='m1'><body>${body}</body></message>`);
  for (const [name, to] of [["an account", "bob@a.test"], ["a resource", "bob@a.test/x"]] as const) {
    const one = chat(to);
    time(`chat message to ${name}`, 1, () => {
      alice.say(one);
      flush();
    });
  }
  const many = encoder.encode(new TextDecoder().decode(chat("bob@a.test")).repeat(16));
  time("chat message to an account, 16 in a chunk", 16, () => {
    alice.say(many);
    flush();
  });
  const ping = encoder.encode("<iq type='get' id='p' to='a.test'><ping xmlns='urn:xmpp:ping'/></iq>");
  time("iq to the host, answered", 1, () => {
    alice.say(ping);
    flush();
  });
}

if (import.meta.main) await run();
