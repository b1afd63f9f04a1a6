/** XEP-0441: what an account wants kept: by default, and for some addresses always or never. Setting replaces all of it. */
import {
  accountCreated,
  accountRemoved,
  el,
  type Element,
  type HostScope,
  Jid,
  type Keyval,
  keyval,
  Lru,
  type Query,
  StanzaError,
} from "#plugin";
import { roster, type Rosters } from "../im/api.ts";
import { MAM_NS } from "./names.ts";

export const BEHAVIOURS = ["always", "never", "roster"] as const;
export type Behaviour = typeof BEHAVIOURS[number];

interface Preferences {
  readonly default: Behaviour;
  /** Canonical addresses; a bare one stands for all its resources. */
  readonly always: readonly string[];
  readonly never: readonly string[];
}

const preferences = keyval<Preferences>("archive.preferences");

/** Addresses in both lists together. */
const MOST = 1_000;
/** Accounts whose preferences are at hand: every message asks for those of two. */
const REMEMBERED = 10_000;

/** An account's preferences, ready to be asked. */
interface Policy {
  readonly default: Behaviour;
  readonly always: ReadonlySet<string>;
  readonly never: ReadonlySet<string>;
  readonly listed: boolean;
}

/** For accounts that come and go, whose history nobody could ask for. */
const NOTHING: Policy = { default: "never", always: new Set(), never: new Set(), listed: false };

export class PreferenceBook {
  readonly #store: Keyval<Preferences>;
  readonly #policies = new Lru<string, Policy>(REMEMBERED);
  readonly #rosters: Rosters | undefined;

  constructor(private readonly host: HostScope<unknown>, private readonly initial: Behaviour) {
    this.#store = host.open(preferences);
    this.#rosters = host.find(roster);
    const forget = ({ local }: { local: string }): undefined => void this.#policies.delete(local);
    host.on(accountCreated, forget);
    host.on(accountRemoved, forget);
    host.iq.get(MAM_NS, "prefs", "own", ({ to }) => this.#build(this.#of(to.local)));
    host.iq.set(MAM_NS, "prefs", "own", (query) => this.#set(query));
  }

  /** Whether an account of this host keeps what it says to, or hears from, somebody. */
  keeps(local: string, contact: Jid): boolean {
    const policy = this.#policies.get(local) ?? this.#load(local);
    if (policy === undefined) return false;
    if (policy.listed) {
      const full = contact.toString();
      const bare = contact.bare.toString();
      // The more exact entry counts; between equals, what is not to be kept is not.
      if (policy.never.has(full)) return false;
      if (policy.always.has(full)) return true;
      if (policy.never.has(bare)) return false;
      if (policy.always.has(bare)) return true;
    }
    if (policy.default !== "roster") return policy.default === "always";
    return this.#rosters?.isContact(local, contact.bare) ?? true;
  }

  #load(local: string): Policy | undefined {
    const { accounts } = this.host;
    if (!accounts.exists(local)) return undefined;
    const guest = accounts.role(Jid.of(local, this.host.domain, "")) === "guest";
    const policy = guest ? NOTHING : policyOf(this.#of(local));
    this.#policies.set(local, policy);
    return policy;
  }

  #of(local: string): Preferences {
    return this.#store.get(local) ?? { default: this.initial, always: [], never: [] };
  }

  #set({ to, payload }: Query): Element {
    const behaviour = BEHAVIOURS.find((it) => it === payload.attr("default"));
    if (behaviour === undefined) {
      throw new StanzaError("bad-request", `'default' is one of ${BEHAVIOURS.join(", ")}`);
    }
    const wanted = { default: behaviour, always: listed(payload, "always"), never: listed(payload, "never") };
    if (wanted.always.length + wanted.never.length > MOST) {
      throw new StanzaError("policy-violation", `at most ${MOST} addresses can be listed`);
    }
    this.#store.set(to.local, wanted);
    this.#policies.delete(to.local);
    return this.#build(wanted);
  }

  #build(wanted: Preferences): Element {
    const list = (name: "always" | "never"): Element =>
      el(name, MAM_NS, {}, wanted[name].map((jid) => el("jid", MAM_NS, {}, jid)));
    return el("prefs", MAM_NS, { default: wanted.default }, [list("always"), list("never")]);
  }
}

function policyOf(wanted: Preferences): Policy {
  const always = new Set(wanted.always);
  const never = new Set(wanted.never);
  return { default: wanted.default, always, never, listed: always.size + never.size > 0 };
}

function listed(payload: Element, name: string): string[] {
  const entries = payload.child(name)?.elementsOf(MAM_NS) ?? [];
  return [
    ...new Set(entries.map(({ text }) => {
      const jid = Jid.tryParse(text.trim());
      if (jid === undefined) throw new StanzaError("jid-malformed", `"${text.slice(0, 80)}" is no address`);
      return jid.toString();
    })),
  ];
}
