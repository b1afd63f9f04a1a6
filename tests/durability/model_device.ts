/**
 * A device of the model test, which does what real apps do beside stream management: copies of what the other devices do, and
 * its archive from the last message it knows when the session could not be resumed. What is not acknowledged it says again in
 * a new session unless its archive has it.
 */
import type { Element } from "../../src/xml/element.ts";
import { History } from "./history.ts";
import { ManagedDevice } from "./managed_device.ts";

const CARBONS = "urn:xmpp:carbons:2";
const MAM = "urn:xmpp:mam:2";
const RSM = "http://jabber.org/protocol/rsm";
const SID = "urn:xmpp:sid:0";
const CLIENT = "jabber:client";

/** A message that nobody has acknowledged. */
interface Unsaid {
  readonly xml: string;
  /** The newest message known when it was said first: the archive has it behind that, if at all. */
  readonly since: string | undefined;
}

export class Device extends ManagedDevice {
  readonly history = new History();
  readonly #unsaid = new Map<string, Unsaid>();
  /** Up to here it knows all there is; all names it has known, in their order. */
  #newest: string | undefined;
  readonly #names: string[] = [];
  /** What came while it was catching up; undefined while it is not. */
  #held: { readonly id: string; readonly name: string }[] | undefined;
  readonly #live = new Set<string>();
  #page: { readonly id: string; readonly name: string }[] = [];

  /** Everything it said was acknowledged. */
  get isSettled(): boolean {
    return this.#unsaid.size === 0;
  }

  async say(to: string, address: string): Promise<void> {
    const id = this.world.says(this.local, to);
    const xml = `<message to='${address}' type='chat' id='${id}'><body>${id}</body>` +
      `<origin-id xmlns='${SID}' id='${id}'/></message>`;
    this.world.note(`${this.name} says ${id} to ${address}`);
    this.#unsaid.set(id, { xml, since: this.#newest });
    await this.send(xml, id);
  }

  async state(): Promise<void> {
    await this.client!.send(`<${this.world.pick(["active", "inactive"])} xmlns='urn:xmpp:csi:0'/>`);
  }

  protected override async resumed(): Promise<void> {
    if (this.#held !== undefined) await this.#catchUp();
  }

  protected override fresh(): void {
    this.#held = [];
    this.#live.clear();
  }

  protected override async begun(): Promise<void> {
    // Who is available first has less to catch up with. Before that, what is for the account waits at the server, and what is
    // for this device does not (RFC 6121 §8.5): only the archive has both in their order, so it is asked behind it as well.
    if (this.world.random(2) === 0) await this.#catchUp(false);
    await this.send("<presence/>");
    await this.#catchUp();
    for (const [id, { xml }] of this.#unsaid) await this.send(xml, id);
  }

  protected override acknowledged(id: string, by: string): void {
    this.world.note(`${this.name} knows ${id} is safe by ${by}`);
    this.#unsaid.delete(id);
    this.history.said(id);
    this.world.acknowledged.add(id);
  }

  protected override message(message: Element): void {
    const result = message.child("result", MAM);
    if (result !== undefined) {
      const kept = result.first()!.child("message", CLIENT)!;
      if (result.attr("queryid") === `q${this.requests}`) {
        this.#page.push({ id: kept.attr("id")!, name: result.attr("id")! });
      }
      return;
    }
    const inner = message.elementsOf(CARBONS)[0]?.first()?.child("message", CLIENT) ?? message;
    const id = inner.attr("id") ?? "";
    if (inner.attr("type") === "error") this.world.fail(`${this.name} got an error for ${id}: ${inner}`, id);
    const account = `${this.local}@localhost`;
    const name = inner.elementsOf(SID).find((it) => it.name === "stanza-id" && it.attr("by") === account)
      ?.attr("id");
    if (name === undefined) this.world.fail(`${this.name} got ${id} without a name: ${message}`, id);
    if (this.#live.has(name)) this.world.fail(`${this.name} got ${id} twice in one session`, id);
    this.world.note(`${this.name} got ${id} ${name}`);
    this.#live.add(name);
    if (this.#held !== undefined) this.#held.push({ id, name });
    else this.#learn(id, name);
  }

  #learn(id: string, name: string): void {
    this.history.learn(id, name);
    this.#newest = name;
    this.#names.push(name);
  }

  /** XEP-0313: everything behind what it knows, and what came meanwhile behind that. */
  async #catchUp(isLast = true): Promise<void> {
    const found = await this.#fetch(
      this.#unsaid.size === 0 ? this.#newest : [...this.#unsaid.values()][0]!.since,
    );
    const came = this.#held!.filter(({ name }) => !found.some((it) => it.name === name));
    this.#held = isLast ? undefined : came;
    // What it asked for again, for what it has said itself and was not sure of; of others it must know all of that.
    const known = found.findLastIndex(({ id, name }) => this.history.has(id, name));
    for (const { id } of found) if (this.#unsaid.has(id)) this.acknowledged(id, "its archive");
    for (const { id } of found.splice(0, known + 1)) {
      if (!this.history.has(id)) this.world.fail(`${this.name} has missed ${id}`, id);
    }
    for (const { id, name } of isLast ? [...found, ...came] : found) this.#learn(id, name);
  }

  /** All that the archive has behind a message, page by page. */
  async #fetch(start: string | undefined): Promise<{ id: string; name: string }[]> {
    const found: { id: string; name: string }[] = [];
    for (let after = start;;) {
      this.#page = [];
      const from = after === undefined ? "" : `<after>${after}</after>`;
      const answer = await this.ask(
        `<query xmlns='${MAM}' queryid='q${this.requests + 1}'><set xmlns='${RSM}'>` +
          `<max>${3 + this.world.random(20)}</max>${from}</set></query>`,
      );
      this.world.counts.pages++;
      await this.take();
      if (answer.attr("type") === "error") {
        // A crash took it back before it was acknowledged to anybody: the one before is asked for.
        after = this.#names[this.#names.lastIndexOf(after!) - 1];
        found.length = 0;
        continue;
      }
      found.push(...this.#page);
      const fin = answer.child("fin", MAM)!;
      if (fin.attr("complete") === "true") return found;
      after = fin.child("set", RSM)!.childText("last");
    }
  }
}
