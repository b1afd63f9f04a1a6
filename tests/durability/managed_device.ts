/**
 * A device with stream management, over TLS: it logs in by either profile, is cut off, goes on or begins anew, counts what it
 * gets and says again what was not acknowledged. What it does with messages is for those who extend it.
 */
import type { Element } from "../../src/xml/element.ts";
import { Gone, RawClient } from "./client.ts";
import type { World } from "./model_world.ts";

const SM = "urn:xmpp:sm:3";
const SASL2 = "urn:xmpp:sasl:2";
const BIND2 = "urn:xmpp:bind:0";
const CARBONS = "urn:xmpp:carbons:2";
const WRAP = 2 ** 32;

/** Where the server is at the moment. */
export interface Where {
  readonly port: number;
  readonly authority: string;
}

export abstract class ManagedDevice {
  protected client: RawClient | undefined;
  /** A connection that is dead and does not know it. */
  #dead: RawClient | undefined;
  #resumeId: string | undefined;
  /** The connection on which its session goes on; not while it logs in. */
  #counts: RawClient | undefined;
  /** Stanzas that this session has got, and those of its own that the server has. */
  #counted = 0;
  #handled = 0;
  #sent: { readonly xml: string; readonly id: string | undefined }[] = [];
  /** The number of the last request. */
  protected requests = 0;

  constructor(
    protected readonly world: World,
    private readonly where: () => Where,
    readonly local: string,
    readonly resource: string,
  ) {}

  get name(): string {
    return `${this.local}/${this.resource}`;
  }

  get isHere(): boolean {
    return this.client !== undefined;
  }

  // --- what may happen to it --------------------------------------------------------------------------------------

  /** Does something; false where the connection was lost over it. */
  async attempt(what: string, act: () => Promise<void>): Promise<boolean> {
    this.world.note(`${this.name} ${what}`);
    try {
      await act();
      return true;
    } catch (error) {
      if (!(error instanceof Gone)) throw error;
      this.world.note(`${this.name} lost its connection`);
      this.#lose();
      return false;
    }
  }

  /** The connection breaks, with all that was not read; the server may notice it or not. */
  cut(noticed: boolean): void {
    this.world.counts.cuts++;
    this.world.note(`${this.name} is cut off${noticed ? "" : ", and the server does not know"}`);
    this.#lose(noticed);
  }

  /** The app ends without a word, and forgets its session; what it has shown and what it has to say it keeps. */
  restart(): void {
    this.world.note(`${this.name} starts anew`);
    this.#lose();
    this.#resumeId = undefined;
  }

  async leave(): Promise<void> {
    await this.client!.close();
    this.#lose();
    this.#resumeId = undefined;
  }

  /** Connects, and goes on where it was or begins anew. */
  async comeBack(): Promise<void> {
    const { port, authority } = this.where();
    const client = this.client = await RawClient.connectTls(port, authority);
    const isResumed = this.world.random(2) === 0
      ? await this.#loginAtOnce(client)
      : await this.#login(client);
    this.#dead?.[Symbol.dispose]();
    this.#dead = undefined;
    this.world.note(`${this.name} ${isResumed ? "goes on" : `is new (${this.#resumeId})`}`);
    this.world.counts[isResumed ? "resumed" : "anew"]++;
    if (!isResumed) return await this.begun();
    for (const { xml } of this.#sent) await client.send(xml);
    await this.resumed();
  }

  /** Reads all that was sent to it before now, and learns how far the server is. */
  async listen(): Promise<void> {
    const client = this.client!;
    await client.send(`<r xmlns='${SM}'/>`);
    const answer = await client.expect((element) => element.name === "a" && element.ns === SM);
    await this.take();
    this.#acknowledge(answer);
  }

  // --- for those who extend it ------------------------------------------------------------------------------------

  /** From here on what comes is of a new session. */
  protected abstract fresh(): void;
  /** A new session has begun, without presence. */
  protected abstract begun(): Promise<void>;
  /** The session goes on, and what was not acknowledged has been said again. */
  protected abstract resumed(): Promise<void>;
  protected abstract message(message: Element): void;
  protected abstract acknowledged(id: string, by: string): void;

  protected async send(xml: string, id?: string): Promise<void> {
    this.#sent.push({ xml, id });
    await this.client!.send(xml);
  }

  protected async ask(payload: string): Promise<Element> {
    const id = `q${++this.requests}`;
    await this.send(`<iq type='set' id='${id}'>${payload}</iq>`);
    return await this.client!.expect((element) => element.name === "iq" && element.attr("id") === id);
  }

  /** Deals with what was read so far. */
  protected async take(): Promise<void> {
    const client = this.client!;
    for (const element of client.inbox.splice(0)) {
      if (element.name === "message") this.message(element);
      else if (element.name === "r" && this.world.random(3) > 0) {
        await client.send(`<a xmlns='${SM}' h='${client.stanzas}'/>`);
      } else if (element.name === "iq" && element.attr("type") === "get") {
        await this.send(`<iq type='result' id='${element.attr("id")}' to='${element.attr("from")}'/>`);
      }
    }
  }

  // --- its session ------------------------------------------------------------------------------------------------

  /** XEP-0388, XEP-0386: all of it in one round trip. */
  async #loginAtOnce(client: RawClient): Promise<boolean> {
    const resume = this.#resumeId === undefined
      ? ""
      : `<resume xmlns='${SM}' previd='${this.#resumeId}' h='${this.#counted}'/>`;
    await client.send(
      `<authenticate xmlns='${SASL2}' mechanism='PLAIN'><initial-response>${
        btoa(`\0${this.local}\0secret`)
      }` +
        `</initial-response>${resume}<bind xmlns='${BIND2}'><tag>${this.resource}</tag>${this.#enable()}` +
        `<enable xmlns='${CARBONS}'/></bind></authenticate>`,
    );
    const success = await client.expect((element) => element.ns === SASL2);
    if (success.name !== "success") this.world.fail(`${this.name} was not let in: ${success}`);
    const resumed = success.child("resumed", SM);
    if (resumed !== undefined) return this.#goOn(resumed);
    const failed = success.child("failed", SM);
    if (failed !== undefined) this.#acknowledge(failed);
    this.#begin(success.child("bound", BIND2)!.child("enabled", SM)!);
    return false;
  }

  async #login(client: RawClient): Promise<boolean> {
    await client.plain(this.local, "secret");
    if (this.#resumeId !== undefined) {
      await client.send(`<resume xmlns='${SM}' previd='${this.#resumeId}' h='${this.#counted}'/>`);
      const answer = await client.expect((element) => element.ns === SM);
      if (answer.name === "resumed") return this.#goOn(answer);
      this.#acknowledge(answer);
    }
    await client.bind(this.resource);
    await client.send(this.#enable());
    this.#begin(await client.expect((element) => element.name === "enabled"));
    await this.ask(`<enable xmlns='${CARBONS}'/>`);
    return false;
  }

  /** Some sessions do not want to be waited for. */
  #enable(): string {
    return `<enable xmlns='${SM}' resume='true'${this.world.pick(["", "", " max='1'"])}/>`;
  }

  #goOn(answer: Element): true {
    this.#counts = this.client!;
    this.#counts.stanzas = this.#counted;
    this.#acknowledge(answer);
    return true;
  }

  #begin(enabled: Element): void {
    this.#counts = this.client!;
    this.#counts.stanzas = 0;
    this.#counted = 0;
    this.#handled = 0;
    this.#sent = [];
    this.#resumeId = enabled.attr("id");
    this.fresh();
  }

  #acknowledge(answer: Element): void {
    const h = answer.attr("h");
    if (h === undefined) return;
    const count = (Number(h) - this.#handled + WRAP) % WRAP;
    if (count > this.#sent.length) {
      this.world.fail(`${this.name} was told ${h} of ${this.#handled + this.#sent.length}`);
    }
    this.#handled = Number(h);
    for (const { id } of this.#sent.splice(0, count)) {
      if (id !== undefined) this.acknowledged(id, `h=${h}`);
    }
  }

  #lose(noticed = true): void {
    const client = this.client;
    if (client === undefined) return;
    // What was read was counted, and is shown.
    for (const element of client.inbox.splice(0)) if (element.name === "message") this.message(element);
    if (this.#counts === client) this.#counted = client.stanzas;
    if (noticed) client[Symbol.dispose]();
    else this.#dead = client;
    this.client = undefined;
  }
}
