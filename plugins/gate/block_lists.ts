/** All block lists that a host follows, asked about one sender at a time. */
import {
  arriving,
  CLAIMED,
  encodeHex,
  encodeUtf8,
  hashed,
  type HostScope,
  type Jid,
  Lru,
  serving,
} from "#plugin";
import { BlockList } from "./block_list.ts";

/** Senders whose answer is remembered until a list changes. */
const REMEMBERED = 5_000;
const RETRY = 3_600_000;
const EVENT_NS = "http://jabber.org/protocol/pubsub#event";

export interface ListOptions {
  readonly lists: readonly { readonly service: string; readonly node: string }[];
  readonly refresh: number;
}

export class BlockLists {
  readonly #lists: readonly BlockList[];
  readonly #known = new Lru<string, string>(REMEMBERED);

  constructor(private readonly host: HostScope<ListOptions>) {
    const forget = () => this.#known.clear();
    this.#lists = host.config.lists.map((list) => new BlockList(host, list, forget));
  }

  /** Subscribes, keeps up with what is told, and reads anew now and then. */
  follow(): void {
    const { host } = this;
    host.on(serving, () => BlockList.drop(host, this.#lists.map(({ name }) => name)));
    if (this.#lists.length === 0) return;
    host.on(serving, () => {
      for (const list of this.#lists) list.sync();
    });
    host.every(Math.min(RETRY, host.config.refresh), () => {
      for (const list of this.#lists) if (!list.isFresh(host.config.refresh)) list.sync();
    });
    host.at(arriving).claim({ kind: "message", to: "host" }, ({ stanza }) => {
      const event = stanza.child("event", EVENT_NS);
      if (event === undefined || stanza.isError) return undefined;
      return this.#lists.some((list) => list.take(stanza.from, event)) ? CLAIMED : undefined;
    });
  }

  refuses(sender: Jid): string | undefined {
    if (this.#lists.length === 0) return undefined;
    const account = sender.bare.toString();
    let why = this.#known.get(account);
    if (why === undefined) this.#known.set(account, why = this.#find(account, sender.domain));
    return why === "" ? undefined : why;
  }

  #find(account: string, domain: string): string {
    const names = [account, domain].flatMap((name) => [name, sha256(name)]);
    for (const list of this.#lists) {
      if (names.some((name) => list.has(name))) return `on the block list of ${list.service}`;
    }
    return "";
  }
}

function sha256(text: string): string {
  return encodeHex(hashed("SHA-256", encodeUtf8(text)));
}
