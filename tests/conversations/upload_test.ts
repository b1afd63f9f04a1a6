/** XEP-0363 in one process, with time by hand: whose files they are, and when they go. Over real sockets: tests/web/upload_test.ts. */
import { deepEqual, equal, match } from "node:assert/strict";
import type { Element } from "#plugin";
import { anonymous } from "../../plugins/auth/anonymous.ts";
import { upload } from "../../plugins/upload/upload.ts";
import { UploadStore } from "../../plugins/upload/store.ts";
import { CommandClient, noteOf } from "./command_client.ts";
import { NS, UploadWorld } from "./upload_world.ts";

const COMMANDS = "http://metronome.im/protocol/upload";
const OWN_HOST = { "upload.a.test": { kind: "upload" } };

/** What an error says, in two words. */
function failureOf(answer: Element): string {
  const error = answer.child("error");
  return `${error?.attr("type")} ${error?.first()?.name}`;
}

for (
  const { place, table, host } of [
    { place: "a.test", table: {}, host: {} },
    { place: "upload.a.test", table: undefined, host: OWN_HOST },
  ]
) {
  Deno.test(`AC-2.15-1: people list and delete their files by command, and nobody else's (at ${place})`, async () => {
    await using world = await UploadWorld.begin(table, host);
    const [alice, bob] = await world.server.online("alice/desk", "bob/pad");
    const first = await world.share(alice, "first.png", 3, place);
    await world.server.clock.advance("1 s");
    const second = await world.share(alice, "second.png", 4, place);
    const other = await world.share(bob, "other.png", 5, place);
    await world.slot(alice, "never.png", 6, place);
    const commands = new CommandClient(alice, place);
    const listed = await commands.execute(`${COMMANDS}#list`);
    match(listed.toString(), /second\.png.*first\.png/);
    equal(/other|never/.test(listed.toString()), false);
    const started = await commands.start(`${COMMANDS}#delete`);
    const ids = [...started.toString().matchAll(/<value>([\w-]{24})<\/value>/g)].map(([, id]) => id!);
    equal(ids.length, 2);
    const deleted = await commands.go(started, "complete", { files: [ids[1]!] });
    match(deleted.toString(), /1 deleted/);
    deepEqual([await world.status(first), await world.status(second), await world.status(other)], [
      404,
      200,
      200,
    ]);
    await world.untilOnDisk(2);
    match(noteOf(await commands.execute(`${COMMANDS}#purge`, { sure: "0" })), /nothing/);
    match(noteOf(await commands.execute(`${COMMANDS}#purge`, { sure: "1" })), /^2 deleted/);
    deepEqual([await world.status(second), await world.status(other)], [404, 200]);
    await world.untilOnDisk(1);
    match(await commands.failure(`${COMMANDS}#purge-account`), /forbidden/);
  });

  Deno.test(`AC-2.15-1: an administrator deletes all files of an account (at ${place})`, async () => {
    await using world = await UploadWorld.begin(table, host);
    const [alice, admin] = await world.server.online("alice/desk", "admin/desk");
    const file = await world.share(alice, "first.png", 3, place);
    const commands = new CommandClient(admin, place);
    match(
      await commands.failure(`${COMMANDS}#purge-account`, { account: "alice@b.test" }),
      /nobody of this host/,
    );
    match(
      noteOf(await commands.execute(`${COMMANDS}#purge-account`, { account: "alice@a.test" })),
      /^1 deleted/,
    );
    equal(await world.status(file), 404);
    await world.untilOnDisk(0);
  });

  Deno.test(`files of an account that is removed go with it, and its name begins with none (at ${place})`, async () => {
    await using world = await UploadWorld.begin(table, host);
    const [alice, bob] = await world.server.online("alice/desk", "bob/pad");
    const file = await world.share(alice, "first.png", 3, place);
    const coming = await world.slot(alice, "second.png", 3, place);
    const other = await world.share(bob, "other.png", 3, place);
    world.server.host.accounts.remove("alice");
    equal(await world.status(file), 404);
    equal(await world.put(coming, "abc"), 403);
    equal(await world.status(other), 200);
    await world.untilOnDisk(1);
    const again = await world.server.client("alice/desk");
    const listed = await new CommandClient(again, place).execute(`${COMMANDS}#list`);
    equal(/png/.test(listed.toString()), false);
  });
}

Deno.test("a host of its own is for accounts of the host it belongs to, and is found as a store", async () => {
  await using world = await UploadWorld.begin(undefined, {
    ...OWN_HOST,
    "b.test": { services: { upload: false } },
  });
  const [alice, bob] = await world.server.online("alice/desk", "bob@b.test/pad");
  await alice.send(
    "<iq type='get' id='d' to='upload.a.test'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
  );
  const info = alice.expect("<iq id='d' type='result'/>").toString();
  match(info, /<identity category=["']store["'] type=["']file["']/);
  match(info, /max-file-size/);
  const file = await world.share(alice, "first.png", 3, "upload.a.test");
  match(file.get, /^https?:\/\/a\.test[:/]/);
  equal(await world.status(file), 200);
  equal(failureOf(await world.request(bob, "upload.a.test", "x.png", 3)), "auth not-authorized");
  equal(failureOf(await world.request(alice, "a.test", "x.png", 3)), "cancel service-unavailable");
});

Deno.test("people of other servers may not upload; they fetch as everybody does", async () => {
  await using world = await UploadWorld.begin({});
  const [alice] = await world.server.online("alice/desk");
  const file = await world.share(alice, "first.png", 3);
  const b = world.server.remote("b.test");
  await b.send(
    `<iq type='get' id='r' from='romeo@b.test/x' to='a.test'><request xmlns='${NS}' filename='x' size='3'/></iq>`,
  );
  b.expect("<iq id='r' type='error'><error type='auth'/></iq>");
  equal(await world.status(file), 200);
});

Deno.test("guests without an account may not upload", async () => {
  const host = { "a.test": { authentication: "anonymous", plugins: { add: ["upload"] } } };
  await using world = await UploadWorld.begin({}, host, { plugins: [anonymous, upload] });
  const guest = world.server.connect();
  await guest.open();
  await guest.send("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'>=</auth>");
  await guest.open();
  await guest.send("<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
  guest.clear();
  equal(failureOf(await world.request(guest, "a.test", "x.png", 3)), "auth not-authorized");
});

Deno.test("what all accounts have together has a limit, and room that is made counts", async () => {
  await using world = await UploadWorld.begin({ host_quota: "10 B", message: { quota: "6 B" } });
  const [alice, bob] = await world.server.online("alice/desk", "bob/pad");
  const first = await world.share(alice, "1.png", 6);
  await world.share(bob, "2.png", 4);
  equal(failureOf(await world.request(bob, "a.test", "3.png", 2)), "wait resource-constraint");
  // Her own older file makes room for this one; it would not for one that is refused.
  equal(failureOf(await world.request(bob, "a.test", "4.png", 6)), "wait resource-constraint");
  equal((await world.onDisk()).length, 2);
  await world.share(alice, "5.png", 5);
  equal(await world.status(first), 404);
  await world.untilOnDisk(2);
});

Deno.test("files go when their time is over, and so do places where nothing came", async () => {
  await using world = await UploadWorld.begin({
    message: { keep: "2 h" },
    slot_timeout: "10 min",
    slots: 2,
  });
  const [alice] = await world.server.online("alice/desk");
  const file = await world.share(alice, "1.png", 6);
  const late = await world.slot(alice, "2.png", 6);
  await world.slot(alice, "3.png", 6);
  equal(failureOf(await world.request(alice, "a.test", "4.png", 6)), "wait resource-constraint");
  await world.server.clock.advance("11 min");
  equal(await world.put(late, "abcdef"), 403);
  await world.slot(alice, "5.png", 6);
  await world.server.clock.advance("100 min");
  equal(await world.status(file), 200);
  await world.server.clock.advance("12 min");
  equal(await world.status(file), 404);
  await world.untilOnDisk(0);
});

Deno.test("a file that takes longer to come than it may take to begin is not swept away", async () => {
  await using world = await UploadWorld.begin({ slot_timeout: "10 min" });
  const [alice] = await world.server.online("alice/desk");
  const slot = await world.slot(alice, "1.png", 6);
  const body = new TransformStream<Uint8Array, Uint8Array>();
  const writer = body.writable.getWriter();
  const put = world.put(slot, body.readable);
  await writer.write(new TextEncoder().encode("abc"));
  await world.untilOnDisk(1);
  equal(await world.put(slot, "abcdef"), 409, "two writers of one file");
  await world.server.clock.advance("20 min");
  await writer.write(new TextEncoder().encode("def"));
  await writer.close();
  equal(await put, 201);
  equal(await (await world.fetch(slot.get)).text(), "abcdef");
});

Deno.test("an account that is removed while its file comes gets nothing", async () => {
  await using world = await UploadWorld.begin({});
  const [alice] = await world.server.online("alice/desk");
  const slot = await world.slot(alice, "1.png", 6);
  const body = new TransformStream<Uint8Array, Uint8Array>();
  const writer = body.writable.getWriter();
  const put = world.put(slot, body.readable);
  await writer.write(new TextEncoder().encode("abc"));
  await world.untilOnDisk(1);
  world.server.host.accounts.remove("alice");
  await writer.write(new TextEncoder().encode("def"));
  await writer.close();
  equal(await put, 410);
  await world.untilOnDisk(0);
});

Deno.test("a reload with other options is for what comes next; files that come meanwhile arrive", async () => {
  await using world = await UploadWorld.begin({});
  const [alice] = await world.server.online("alice/desk");
  const before = await world.share(alice, "1.png", 6);
  const slot = await world.slot(alice, "2.png", 6);
  const body = new TransformStream<Uint8Array, Uint8Array>();
  const writer = body.writable.getWriter();
  const put = world.put(slot, body.readable);
  await writer.write(new TextEncoder().encode("abc"));
  await world.untilOnDisk(2);
  const reloaded = world.reload({ path: "/files", largest: "5 B" });
  await writer.write(new TextEncoder().encode("def"));
  await writer.close();
  await reloaded;
  equal(await put, 201);
  equal(await world.status(before), 404);
  equal((await world.fetch(before.get.replace("/upload/", "/files/"))).status, 200);
  equal((await world.fetch(slot.get.replace("/upload/", "/files/"))).status, 200);
  equal(failureOf(await world.request(alice, "a.test", "3.png", 6)), "modify not-acceptable");
  match((await world.slot(alice, "4.png", 5)).put, /\/files\//);
});

Deno.test("what a server left in the middle of a file is gone after the next start; whole files stay", async () => {
  const data = await Deno.makeTempFile();
  const folder = await Deno.makeTempDir();
  try {
    let file, half;
    {
      await using world = await UploadWorld.begin({}, {}, { data }, folder);
      const [alice] = await world.server.online("alice/desk");
      file = await world.share(alice, "1.png", 6);
      half = await world.slot(alice, "2.png", 6);
    }
    const id = new URL(half.get).pathname.split("/")[2]!;
    const shelf = `${folder}/a.test/${id.slice(0, 2)}`;
    await Deno.mkdir(shelf, { recursive: true });
    await Deno.writeTextFile(`${shelf}/${id}.part`, "abc");
    await using world = await UploadWorld.begin({}, {}, { data }, folder);
    await world.untilOnDisk(1);
    equal(await world.status(file), 200);
    equal(await world.put(half, "abcdef"), 201, "the place is still there");
  } finally {
    await Deno.remove(folder, { recursive: true });
    for (const suffix of ["", "-wal", "-shm", ".lock"]) await Deno.remove(data + suffix).catch(() => {});
  }
});

Deno.test("a file that cannot be deleted is nobody's at once, and is tried again", async () => {
  await using world = await UploadWorld.begin({ host_quota: "10 B" });
  const [alice] = await world.server.online("alice/desk");
  const file = await world.share(alice, "1.png", 10);
  world.server.allowErrors();
  const id = new URL(file.get).pathname.split("/")[2]!;
  const path = `${world.folder}/a.test/${id.slice(0, 2)}/${id}`;
  // A folder that is not empty cannot be removed as a file.
  await Deno.remove(path);
  await Deno.mkdir(`${path}/x`, { recursive: true });
  await new CommandClient(alice).execute(`${COMMANDS}#purge`, { sure: "1" });
  while (!world.server.logged.some((line) => line.includes("could not be deleted"))) {
    await world.server.settle();
  }
  equal(await world.status(file), 404);
  equal((await world.request(alice, "a.test", "2.png", 10)).attr("type"), "result");
  await Deno.remove(path, { recursive: true });
  await Deno.writeTextFile(path, "0123456789");
  await world.server.clock.advance("62 min");
  await world.untilOnDisk(0);
});

Deno.test("the store adds up what accounts have, also after it has forgotten the sums", async () => {
  await using world = await UploadWorld.begin({});
  const host = world.server.server.hosts.get("a.test")!;
  const scope = { open: (store: never) => host.context.storage.open(store, "a.test") } as never;
  const store = new UploadStore(scope);
  const file = (size: number) => ({
    account: "x@a.test",
    name: "n",
    size,
    type: "",
    purpose: "message" as const,
    at: 1,
    until: 5,
  });
  const kept = Array.from({ length: 1200 }, (_, i) => store.expect(file(i + 1)));
  const sum = 1200 * 1201 / 2;
  deepEqual([store.total, store.sums("x@a.test").bytes.message, store.sums("x@a.test").expected], [
    sum,
    sum,
    1200,
  ]);
  store.arrived(kept[0]!, 10);
  store.release(kept[1199]!);
  const anew = new UploadStore(scope);
  for (const it of [store, anew]) {
    deepEqual([it.total, it.sums("x@a.test").bytes.message, it.sums("x@a.test").expected], [
      sum - 1200,
      sum - 1200,
      1198,
    ]);
  }
  equal(new Set([...anew.of("x@a.test")].map(({ id }) => id)).size, 1199);
});
