/** Somebody who writes all the time: contacts, private data, a vCard, passwords, accounts, messages to people who are away. */
import { Gone, RawClient, Refused } from "./client.ts";
import { Ledger } from "./ledger.ts";

const PRIVATE = "jabber:iq:private";
const ROSTER = "jabber:iq:roster";
const REGISTER = "jabber:iq:register";
const VCARD = "vcard-temp";
const OWN = "urn:test:durability";
const CONTACTS = 12;

/** Called with every acknowledgement. */
export type Acknowledged = () => void;

export class Writer {
  readonly ledger = new Ledger();
  #count = 0;

  /** `name` has an account; `sink` is somebody who is never online while there is traffic. */
  constructor(readonly name: string, readonly sink: string) {}

  /** Makes both accounts. */
  async settle(port: number): Promise<void> {
    for (const name of [this.name, this.sink]) {
      using client = await RawClient.connect(port);
      await this.ledger.change(
        `account ${name}`,
        "first password",
        () => client.register(name, "first password"),
      );
    }
  }

  /** Writes until the server is gone. */
  async write(port: number, acknowledged: Acknowledged): Promise<void> {
    try {
      using client = await this.#login(port);
      for (;;) {
        await this.#step(client, port);
        acknowledged();
      }
    } catch (error) {
      if (!(error instanceof Gone)) throw error;
    }
  }

  /** Looks at everything after a restart; throws where something that was acknowledged is not there. */
  async check(port: number): Promise<void> {
    using client = await this.#login(port);
    const roster = await client.iq("get", `<query xmlns='${ROSTER}'/>`);
    const items = new Map(
      (roster.first()?.elements() ?? []).map((item) => [`contact ${item.attr("jid")}`, item.attr("name")]),
    );
    for (const what of new Set([...this.ledger.named("contact "), ...items.keys()])) {
      this.ledger.settle(what, items.get(what));
    }
    const kept = await client.iq("get", `<query xmlns='${PRIVATE}'><x xmlns='${OWN}'/></query>`);
    this.ledger.settle("private", nothingAsUndefined(kept.first()?.child("x", OWN)?.text));
    const card = await client.iq("get", `<vCard xmlns='${VCARD}'/>`).catch(absent);
    this.ledger.settle("vcard", nothingAsUndefined(card?.first()?.childText("FN")));
    for (const what of this.ledger.named(`account ${this.name}-`)) {
      await this.#checkAccount(port, what.slice("account ".length));
      this.ledger.forget(what);
    }
    await this.#checkAccount(port, this.sink);
    await this.#checkMessages(port);
  }

  async #login(port: number): Promise<RawClient> {
    await this.#checkAccount(port, this.name);
    const client = await RawClient.connect(port);
    await client.plain(this.name, this.ledger.possible(`account ${this.name}`)[0]!);
    await client.bind("desk");
    return client;
  }

  /** Finds out which of the passwords that are possible is the one, or whether the account is gone. */
  async #checkAccount(port: number, name: string): Promise<void> {
    const what = `account ${name}`;
    for (const password of this.ledger.possible(what)) {
      using client = await RawClient.connect(port);
      try {
        // Not by a wrong password: failed logins are slowed. A name that can be had was nobody's.
        if (password === undefined) await client.register(name, "made anew");
        else await client.plain(name, password);
        return this.ledger.settle(what, password);
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
      }
    }
    throw new Error(`${what}: it is not as it was left (${this.ledger.possible(what)})`);
  }

  /** Those on their way may have come or not; those acknowledged have come, in their order. */
  async #checkMessages(port: number): Promise<void> {
    using client = await RawClient.connect(port);
    await client.plain(this.sink, this.ledger.possible(`account ${this.sink}`)[0]!);
    await client.bind("pad");
    await client.send("<presence/>");
    const awaited = this.ledger.messages.splice(0);
    const came: string[] = [];
    for (
      let missing = awaited;
      missing.length > 0;
      missing = missing.filter((body) => !came.includes(body))
    ) {
      const message = await client.expect((element) => element.name === "message").catch((cause) => {
        throw new Error(`acknowledged messages did not come: ${missing}`, { cause });
      });
      came.push(message.childText("body") ?? "");
    }
    if (came.some((body) => !this.ledger.sent.has(body))) throw new Error(`what nobody sent came: ${came}`);
    const inOrder = came.filter((body) => awaited.includes(body));
    if (inOrder.join() !== awaited.join()) throw new Error(`${awaited} should have come, and ${came} did`);
    await client.close();
  }

  async #step(client: RawClient, port: number): Promise<void> {
    const n = String(++this.#count);
    const { ledger } = this;
    switch (Math.floor(Math.random() * 8)) {
      case 0:
      case 1: {
        const jid = `c${Math.floor(Math.random() * CONTACTS)}@elsewhere.test`;
        return await ledger.change(
          `contact ${jid}`,
          n,
          () => client.iq("set", `<query xmlns='${ROSTER}'><item jid='${jid}' name='${n}'/></query>`),
        );
      }
      case 2:
        return await this.#forget(client);
      case 3:
        return await ledger.change(
          "vcard",
          n,
          () => client.iq("set", `<vCard xmlns='${VCARD}'><FN>${n}</FN></vCard>`),
        );
      case 4: {
        const to = `${this.sink}@localhost`;
        ledger.sent.add(`${this.name} ${n}`);
        await client.send(`<message to='${to}' type='chat'><body>${this.name} ${n}</body></message>`);
        // The message came first, and commits keep the order: with this answer it is safe, too.
        await this.#keep(client, n);
        return void ledger.messages.push(`${this.name} ${n}`);
      }
      case 5: {
        const query = (password: string) =>
          `<query xmlns='${REGISTER}'><username>${this.name}</username><password>${password}</password></query>`;
        return await ledger.change(
          `account ${this.name}`,
          `password ${n}`,
          () => client.iq("set", query(`password ${n}`), "localhost"),
        );
      }
      case 6:
        return await this.#another(port, `${this.name}-${n}`);
      default:
        return await this.#keep(client, n);
    }
  }

  async #keep(client: RawClient, n: string): Promise<void> {
    await this.ledger.change(
      "private",
      n,
      () => client.iq("set", `<query xmlns='${PRIVATE}'><x xmlns='${OWN}'>${n}</x></query>`),
    );
  }

  async #forget(client: RawClient): Promise<void> {
    const what = this.ledger.named("contact ").find((name) => this.ledger.possible(name)[0] !== undefined);
    if (what === undefined) return await this.#keep(client, String(this.#count));
    const jid = what.slice("contact ".length);
    await this.ledger.change(
      what,
      undefined,
      () => client.iq("set", `<query xmlns='${ROSTER}'><item jid='${jid}' subscription='remove'/></query>`),
    );
  }

  /** Another account: made, and every other one removed again by its owner. */
  async #another(port: number, name: string): Promise<void> {
    const what = `account ${name}`;
    using client = await RawClient.connect(port);
    await this.ledger.change(what, "secret", () => client.register(name, "secret"));
    if (Math.random() < 0.5) return;
    await client.plain(name, "secret");
    await client.bind("desk");
    await this.ledger.change(
      what,
      undefined,
      () => client.iq("set", `<query xmlns='${REGISTER}'><remove/></query>`),
    );
  }
}

function nothingAsUndefined(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}

/** XEP-0054 §3.1: no vCard yet is an error, or an empty one. */
function absent(error: unknown): undefined {
  if (!(error instanceof Refused)) throw error;
}
