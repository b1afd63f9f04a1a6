/** A device of the everything test: an app that can lose its connection, and knows what it has been told in each session. */
import type { Element } from "#plugin";
import { PASSWORD, type TestClient, type TestServer } from "#testing";
import type { World } from "./everything_world.ts";

const SM = "urn:xmpp:sm:3";
const SASL = "urn:ietf:params:xml:ns:xmpp-sasl";
const MAM = "urn:xmpp:mam:2";

export class Device {
  state: "gone" | "here" | "cut" = "gone";
  available = false;
  active = true;
  /** Has had a negative priority in this session: then a copy and the message itself may both come. */
  shy = false;
  /** Messages of this session by id, and how often each came. */
  readonly seen = new Map<string, number>();
  /** Devices that this one believes to be available, its own aside. */
  readonly view = new Set<string>();
  /** The last message of each sender, as itself and as a copy: what is not late keeps its order. */
  readonly #last = new Map<string, number>();
  #client: TestClient | undefined;
  #resumeId: string | undefined;
  #counted = 0;
  #asked = false;

  constructor(
    private readonly server: TestServer,
    private readonly world: World,
    readonly local: string,
    readonly resource: string,
  ) {}

  get account(): string {
    return `${this.local}@a.test`;
  }

  get full(): string {
    return `${this.account}/${this.resource}`;
  }

  get managed(): boolean {
    return this.#resumeId !== undefined;
  }

  // --- its connection ---------------------------------------------------------------------------------------------

  /** A new session; one that was waiting under this name is over then. */
  async login(managed: boolean): Promise<void> {
    const client = await this.server.client(`${this.local}/${this.resource}`);
    client.clear();
    this.#client = client;
    this.state = "here";
    this.available = false;
    this.active = true;
    this.shy = false;
    this.seen.clear();
    this.view.clear();
    this.#last.clear();
    this.#counted = 0;
    this.#resumeId = undefined;
    if (!managed) return;
    await client.send(`<enable xmlns='${SM}' resume='true'/>`);
    this.#resumeId = client.expect(`<enabled xmlns='${SM}' id='*'/>`).attr("id")!;
  }

  /** The connection breaks; of what the device has not read yet it gets the first `read` things. */
  async cut(read: number): Promise<void> {
    const client = this.#client!;
    const inbox = client.inbox.splice(0);
    for (const element of this.managed ? inbox.slice(0, read) : inbox) this.#take(element);
    await client.cut();
    this.#lost();
  }

  /** Goes on with the session that waits; false where the server has given it up. */
  async resume(): Promise<boolean> {
    const client = this.server.connect();
    await client.open();
    await client.send(
      `<auth xmlns='${SASL}' mechanism='PLAIN'>${btoa(`\0${this.local}\0${PASSWORD}`)}</auth>`,
    );
    await client.open();
    client.clear();
    await client.send(`<resume xmlns='${SM}' previd='${this.#resumeId}' h='${this.#counted}'/>`);
    if (client.inbox[0]?.name !== "resumed") {
      await client.close();
      this.state = "gone";
      return false;
    }
    client.inbox.shift();
    this.#client = client;
    this.state = "here";
    this.active = true;
    this.read();
    return true;
  }

  async close(): Promise<void> {
    this.read();
    await this.#client!.close();
    this.state = "gone";
  }

  // --- what it says -----------------------------------------------------------------------------------------------

  async send(xml: string): Promise<void> {
    await this.#client!.send(xml);
    this.read();
  }

  async presence(priority: number | undefined): Promise<void> {
    if (priority === undefined) {
      await this.send("<presence type='unavailable'/>");
      this.available = false;
      this.view.clear();
      return;
    }
    if (priority < 0) this.shy = true;
    this.available = true;
    await this.send(`<presence><priority>${priority}</priority></presence>`);
  }

  async acknowledge(): Promise<void> {
    if (this.managed) await this.send(`<a xmlns='${SM}' h='${this.#counted}'/>`);
  }

  /** Fetches what its account's archive has that no device of it has fetched yet. */
  async catchUp(): Promise<void> {
    for (let complete = false; !complete;) {
      await this.send(
        `<iq type='set' id='mam'><query xmlns='${MAM}'><set xmlns='http://jabber.org/protocol/rsm'>` +
          `<max>250</max>${this.world.after(this.local)}</set></query></iq>`,
      );
      complete = this.#asked;
      this.#asked = false;
    }
  }

  // --- what it hears ----------------------------------------------------------------------------------------------

  read(): void {
    const client = this.#client;
    if (client === undefined) return;
    for (const element of client.inbox.splice(0)) this.#take(element);
    if (client.closed && this.state === "here") this.#lost();
  }

  #lost(): void {
    this.state = this.managed ? "cut" : "gone";
  }

  #take(element: Element): void {
    if (element.ns !== "jabber:client") return;
    this.#counted++;
    if (element.name === "message") this.#message(element);
    else if (element.name === "presence") this.#presence(element);
    else this.#iq(element);
  }

  #iq(iq: Element): void {
    const fin = iq.child("fin", MAM);
    if (fin === undefined) return;
    this.#asked = fin.attr("complete") === "true";
    this.world.fetched(this.local, fin.child("set", "http://jabber.org/protocol/rsm")?.childText("last"));
  }

  #message(message: Element): void {
    const result = message.child("result", MAM);
    if (result !== undefined) {
      const kept = result.first()!.child("message", "jabber:client")!;
      return this.world.inArchive(this.local, kept.attr("id"));
    }
    const copy = message.elementsOf("urn:xmpp:carbons:2")[0];
    const inner = copy?.first()?.child("message", "jabber:client") ?? message;
    const id = inner.attr("id");
    if (inner.attr("type") === "error") return this.world.refused(id, this.full);
    if (id?.startsWith("m") !== true) return;
    const times = (this.seen.get(id) ?? 0) + 1;
    this.seen.set(id, times);
    if (times > 1 && !this.shy) this.world.fail(`${this.full} got ${id} ${times} times in one session`);
    this.world.arrived(id, this.local);
    if (message.has("delay", "urn:xmpp:delay")) return;
    const line = `${copy?.name} ${inner.attr("from")}`;
    const number = Number(id.slice(1));
    if (number < (this.#last.get(line) ?? 0)) this.world.fail(`${this.full} got ${id} too late`);
    this.#last.set(line, number);
  }

  #presence(presence: Element): void {
    const from = presence.attr("from")!;
    if (from === this.full) return;
    const type = presence.attr("type");
    if (type === undefined) this.view.add(from);
    else if (type === "unavailable") this.view.delete(from);
  }
}
