/**
 * What a message costs that goes to another server, or comes from one: the CPU time of the server under test, beside its
 * peers. The other side is always ours, so that only the server under test differs. TLS 1.3 and certificates between the
 * servers, cleartext to the clients; a window of messages in flight, each to the bare JID.
 */
import { ejabberd } from "../../federation/peers/ejabberd.ts";
import { metronome } from "../../federation/peers/metronome.ts";
import type { Peer, PeerKind } from "../../federation/peers/peer.ts";
import { prosody } from "../../federation/peers/prosody.ts";
import { World } from "../../federation/world.ts";
import type { WireClient } from "../../server/wire_client.ts";

const WINDOW = 200;
const BODY = "x".repeat(100);
/** No rates, and no archive, which the peers do not have either. */
const UNLIMITED = `[defaults]
plugins = { remove = ["archive"] }

[limits]
bytes_per_second = "off"
stanzas_per_second = "off"
server_bytes_per_second = "off"
server_stanzas_per_second = "off"
`;

interface Subject {
  readonly name: string;
  readonly kind: PeerKind;
  readonly more: string;
  readonly messages: number;
}

const SUBJECTS: readonly Subject[] = [
  {
    name: "prosody-gengc",
    kind: quiet(prosody, "prosody.cfg.lua", [[/min = "debug"/, 'min = "info"']]),
    more: 'gc = { mode = "generational" }',
    messages: 10_000,
  },
  {
    name: "ejabberd",
    kind: quiet(ejabberd, "ejabberd.yml", [[/loglevel: \w+/, "loglevel: info"]]),
    more: "",
    messages: 10_000,
  },
  { name: "ours", kind: ours(), more: UNLIMITED, messages: 60_000 },
];

function ours(): PeerKind {
  return quiet(metronome, "metronome.toml", [[/log = "debug"/, 'log = "info"']]);
}

/** The same kind without a log that costs more than the work. */
function quiet(kind: PeerKind, file: string, edits: readonly (readonly [RegExp, string])[]): PeerKind {
  return {
    name: kind.name,
    async prepare(folder, ports, options) {
      const program = await kind.prepare(folder, ports, options);
      const path = `${folder}/${file}`;
      let text = await Deno.readTextFile(path);
      for (const [pattern, by] of edits) text = text.replace(pattern, by);
      await Deno.writeTextFile(path, text);
      return program;
    },
  };
}

/** Milliseconds of CPU that a process has taken. */
function cpu(pid: number): number {
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).replace(/^.*\) /, "").split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Sends so many messages with a window, and returns when the last has come. */
function flood(from: WireClient, to: WireClient, address: string, count: number): Promise<void> {
  const message = `<message type='chat' to='${address}'><body>${BODY}</body></message>`;
  let sent = Math.min(WINDOW, count);
  let came = 0;
  let tail = "";
  const done = Promise.withResolvers<void>();
  to.socket.removeAllListeners("data");
  to.socket.on("data", (chunk: Uint8Array) => {
    const text = tail + new TextDecoder().decode(chunk);
    const parts = text.split("</body>");
    tail = parts.at(-1)!.slice(-10);
    came += parts.length - 1;
    if (came >= count) return done.resolve();
    const more = Math.min(came + WINDOW, count) - sent;
    if (more < WINDOW / 4 && sent + more < count) return;
    sent += more;
    if (more > 0) from.socket.write(message.repeat(more));
  });
  from.socket.write(message.repeat(sent));
  return done.promise;
}

async function measure(
  subject: Peer,
  from: WireClient,
  to: WireClient,
  address: string,
  count: number,
): Promise<string> {
  await flood(from, to, address, Math.min(count, 5000));
  const [before, began] = [cpu(subject.process.pid), performance.now()];
  await flood(from, to, address, count);
  const [spent, took] = [cpu(subject.process.pid) - before, performance.now() - began];
  return `${(spent * 1000 / count).toFixed(1)} us/message, ${Math.round(count / took * 1000)} message/s`;
}

const wanted = Deno.args.length === 0 ? SUBJECTS.map(({ name }) => name) : Deno.args;
for (const { name, kind, more, messages } of SUBJECTS) {
  if (!wanted.includes(name)) continue;
  await using world = await World.make();
  const [subject, other] = await Promise.all([
    world.settle(kind, "s.example", { more, acknowledges: true }),
    world.settle(ours(), "p.example", { more: UNLIMITED }),
  ]);
  const [alice, bob] = await Promise.all([subject.client("alice"), other.client("bob")]);
  console.log(`${name} out: ${await measure(subject, alice, bob, "bob@p.example", messages)}`);
  console.log(`${name} in:  ${await measure(subject, bob, alice, "alice@s.example", messages)}`);
}
