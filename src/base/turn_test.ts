import { ok } from "node:assert/strict";
import { connect, createServer } from "node:net";
import { systemClock } from "./clock.ts";
import { stepAside } from "./turn.ts";

/** How often a byte goes to and fro, with this between slices of a millisecond. */
async function echoes(slices: number, between: () => Promise<void>): Promise<number> {
  const server = createServer((socket) => {
    socket.on("data", (data) => void socket.write(data));
    // What is still on its way when the other end goes.
    socket.on("error", () => {});
  });
  await new Promise<void>((done) => void server.listen(0, "127.0.0.1", done));
  const client = connect((server.address() as { port: number }).port, "127.0.0.1");
  await new Promise<void>((done) => void client.once("connect", done));
  let count = 0;
  client.on("data", (data) => {
    count++;
    client.write(data);
  });
  client.write("x");
  for (let i = 0; i < slices; i++) {
    const end = systemClock.monotonic() + 1;
    while (systemClock.monotonic() < end);
    await between();
  }
  client.destroy();
  await new Promise<void>((done) => void server.close(() => done()));
  return count;
}

Deno.test("stepAside: input is read between slices of long work", async () => {
  const slices = 60;
  const count = await echoes(slices, stepAside);
  // One echo takes two looks at the input; with turns alone there is one look in dozens of slices.
  ok(count >= slices / 6, `${count} echoes in ${slices} slices`);
});
