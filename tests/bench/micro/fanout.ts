/** What presence costs for each of 200 contacts that see it. */
import { benchServer, Client, time } from "./server.ts";

const CONTACTS = 200;
const encoder = new TextEncoder();

export async function run(): Promise<void> {
  await using server = await benchServer();
  const alice = await new Client(server).login("alice", "<presence/>");
  for (let i = 0; i < CONTACTS; i++) {
    const contact = await new Client(server).login(
      `u${i}`,
      "<presence/>",
      "<presence to='alice@a.test' type='subscribe'/>",
    );
    alice.say(encoder.encode(`<presence to='u${i}@a.test' type='subscribed'/>`));
    await server.settle();
    void contact;
  }
  const presences = ["away", "chat"].map((show) =>
    encoder.encode(`<presence><show>${show}</show></presence>`)
  );
  let turn = 0;
  time(`presence to ${CONTACTS} contacts, a contact`, CONTACTS, () => {
    alice.say(presences[turn++ % 2]!);
    server.server.streams.flusher.flush();
  });
}

if (import.meta.main) await run();
