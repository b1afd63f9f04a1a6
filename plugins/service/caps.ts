/** XEP-0115 §6.4: the host's disco#info as a hash among the stream's features, so that clients need not ask again. */
import {
  Authenticated,
  Bound,
  buildCaps,
  buildForm,
  CAPS_NS,
  capsFault,
  capsVersion,
  definePlugin,
  type DiscoInfo,
  type DiscoQuery,
  type Element,
  type HostScope,
  isPromise,
  none,
} from "#plugin";
import { infoOf } from "./disco_info.ts";

/** The software; FEATURES B1: clients know it by this. */
const NODE = "http://metronome.im";

export const caps = definePlugin({
  name: "caps",
  doc: "Tells clients at login what the server can do, in a form that they can remember.",
  xeps: [[115, "1.6.0"]],
  config: none,
  standard: true,
  setup(host) {
    host.feature(CAPS_NS);
    const own = new OwnCaps(host);
    host.streamFeature({
      ns: CAPS_NS,
      needs: Authenticated,
      forbids: Bound,
      offer: () => own.current?.element,
    });
    const known = (query: DiscoQuery) => own.asked(query.node);
    host.disco("host", {
      identities: (query) => known(query)?.identities,
      features: (query) => known(query)?.features,
      forms: (query) => known(query)?.forms.map(buildForm),
    });
  },
});

interface Current {
  /** Whose registrations these are: a reload makes new ones. */
  readonly book: unknown;
  readonly node: string;
  readonly info: DiscoInfo;
  readonly element: Element;
}

class OwnCaps {
  #current: Current | undefined;
  #asking: unknown;

  constructor(private readonly host: HostScope<unknown>) {}

  /** Undefined while a plugin is still thinking about what it can do, or where there is no honest hash. */
  get current(): Current | undefined {
    const book = this.host.discoBook.host;
    if (this.#current?.book === book) return this.#current;
    if (this.#asking === book) return undefined;
    const { jid } = this.host;
    const info = infoOf(this.host, "host", { about: jid, from: jid, node: undefined });
    if (!isPromise(info)) return this.#remember(book, info);
    this.#asking = book;
    this.host.spawn(async () => void this.#remember(book, await info));
    return undefined;
  }

  /** What was hashed, for the node that names the hash. */
  asked(node: string | undefined): DiscoInfo | undefined {
    if (node === undefined || !node.startsWith(`${NODE}#`)) return undefined;
    const { current } = this;
    return current?.node === node ? current.info : undefined;
  }

  #remember(book: unknown, info: DiscoInfo | undefined): Current | undefined {
    if (info === undefined || capsFault(info) !== undefined) {
      this.#asking = book;
      return undefined;
    }
    const version = capsVersion(info);
    this.#current = { book, node: `${NODE}#${version}`, info, element: buildCaps(NODE, version) };
    return this.#current;
  }
}
