/** What two users of different servers say to each other; everything has to arrive, in order. */
import { PATIENCE } from "../server/rig.ts";
import type { WireClient } from "../server/wire_client.ts";
import type { PeerKind } from "./peers/peer.ts";

/** A request and its answer, both ways. */
export async function ping(from: WireClient, to: WireClient): Promise<void> {
  const id = crypto.randomUUID();
  from.send(`<iq type='get' id='${id}' to='${to.jid}'><ping xmlns='urn:xmpp:ping'/></iq>`);
  const asked = await to.expect(
    `<iq type='get' id='${id}' from='${from.jid}'><ping xmlns='urn:xmpp:ping'/></iq>`,
  );
  to.send(`<iq type='result' id='${asked.attr("id")}' to='${asked.attr("from")}'/>`);
  await from.expect(`<iq type='result' id='${id}' from='${to.jid}'/>`);
}

/** Messages one after the other; resolves when they are there, in order. */
export async function talk(
  from: WireClient,
  to: WireClient,
  count = 1,
  word = crypto.randomUUID(),
): Promise<void> {
  for (let i = 0; i < count; i++) {
    from.send(`<message type='chat' to='${to.jid}' id='${word}-${i}'><body>${word} ${i}</body></message>`);
  }
  for (let i = 0; i < count; i++) {
    const got = await to.expect(`<message from='${from.jid}' type='chat'><body>*</body></message>`);
    const said = got.childText("body");
    if (said !== `${word} ${i}`) throw new Error(`${to.jid} expected "${word} ${i}" and got "${said}"`);
  }
}

/** Becomes a contact of the other, and gets the other's presence for it (RFC 6121 §3.1). */
export async function subscribe(asker: WireClient, asked: WireClient): Promise<void> {
  const [from, to] = [bare(asker.jid), bare(asked.jid)];
  asker.send(`<presence type='subscribe' to='${to}'/>`);
  await asked.expect(`<presence type='subscribe' from='${from}'/>`);
  asked.send(`<presence type='subscribed' to='${from}'/>`);
  await asker.expect(`<presence type='subscribed' from='${to}'/>`);
  await asker.expect(`<presence from='${asked.jid}'/>`);
  asked.send("<presence><show>away</show></presence>");
  await asker.expect(`<presence from='${asked.jid}'><show>away</show></presence>`);
}

/** No contact any more: the other is told, and (RFC 6121 §3.3.3, which Prosody 0.12 leaves out) gone for the asker. */
export async function unsubscribe(asker: WireClient, asked: WireClient, server: PeerKind): Promise<void> {
  asker.send(`<presence type='unsubscribe' to='${bare(asked.jid)}'/>`);
  await asked.expect(`<presence type='unsubscribe' from='${bare(asker.jid)}'/>`);
  if (server.name !== "prosody") await asker.expect(`<presence type='unavailable' from='${asked.jid}'/>`);
}

/** The error that comes back for a message that cannot be delivered. */
export async function bounced(from: WireClient, to: string): Promise<string> {
  const id = crypto.randomUUID();
  from.send(`<message type='chat' to='${to}' id='${id}'><body>in vain</body></message>`);
  const error = (await from.expect(`<message type='error' id='${id}'><error/></message>`)).child("error")!;
  return error.first()?.name ?? "";
}

export function bare(jid: string): string {
  return jid.split("/", 1)[0]!;
}

/** What became of messages: each came, or came back, and none of them twice or not at all. */
export class Ledger {
  readonly #sent: string[] = [];
  readonly #came = new Set<string>();
  readonly #back = new Set<string>();

  /** Sends messages to an address. */
  send(from: WireClient, to: string, count: number): void {
    for (let i = 0; i < count; i++) {
      const id = crypto.randomUUID();
      this.#sent.push(id);
      from.send(`<message type='chat' to='${to}' id='${id}'><body>${id}</body></message>`);
    }
  }

  /** Takes what a client has got: messages of the ledger, and errors about them. */
  take(client: WireClient): void {
    for (const element of client.inbox.splice(0)) {
      const id = element.attr("id") ?? "";
      if (element.name !== "message" || !this.#sent.includes(id)) continue;
      const set = element.attr("type") === "error" ? this.#back : this.#came;
      if (set.has(id)) throw new Error(`message ${id} came twice`);
      set.add(id);
    }
  }

  /** Waits until nothing is open. */
  async settled(...clients: readonly WireClient[]): Promise<{ came: number; back: number }> {
    const until = Date.now() + PATIENCE;
    const open = () => this.#sent.filter((id) => !this.#came.has(id) && !this.#back.has(id)).length;
    for (;;) {
      for (const client of clients) this.take(client);
      if (open() === 0) break;
      if (Date.now() > until) {
        throw new Error(`${open()} of ${this.#sent.length} messages are lost: neither came nor came back`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const both = this.#sent.filter((id) => this.#came.has(id) && this.#back.has(id)).length;
    if (both > 0) throw new Error(`${both} messages came, and came back`);
    return { came: this.#came.size, back: this.#back.size };
  }
}

/** Says something until it is not returned any more; whoever was away has come back. */
export async function reaches(from: WireClient, to: string): Promise<void> {
  const until = Date.now() + PATIENCE;
  for (;;) {
    const id = crypto.randomUUID();
    from.send(`<iq type='get' id='${id}' to='${to}'><ping xmlns='urn:xmpp:ping'/></iq>`);
    const answer = await from.expect(`<iq id='${id}'/>`);
    if (answer.attr("type") === "result") return;
    if (Date.now() > until) throw new Error(`${to} cannot be reached: ${answer}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
