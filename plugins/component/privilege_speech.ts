/** Messages and requests in the name of accounts (XEP-0356 §5, §6): they go the way that those of a device go. */
import {
  buildForwarded,
  CLAIMED,
  CONTENT_NS,
  departing,
  DROP,
  el,
  type Element,
  forwardedOf,
  type HostScope,
  isPromise,
  type Jid,
  type Outcome,
  type Query,
  randomId,
  Stanza,
  StanzaError,
} from "#plugin";
import type { Delegating } from "./api.ts";
import { allows, type Entity, type Grants, PRIVILEGE_1_NS, PRIVILEGE_NS } from "./privilege_grants.ts";

export class PrivilegedSpeech {
  constructor(
    private readonly host: HostScope<unknown>,
    private readonly grants: Grants,
    private readonly delegation: Delegating | undefined,
  ) {}

  // --- messages ---------------------------------------------------------------------------------------------------

  /** XEP-0356 §5.3: the forwarded message is sent, from a bare address of this host. */
  message(stanza: Stanza): typeof CLAIMED | Promise<typeof CLAIMED> | undefined {
    const wrapper = stanza.child("privilege", PRIVILEGE_NS) ?? stanza.child("privilege", PRIVILEGE_1_NS);
    if (wrapper === undefined || stanza.isError) return undefined;
    if (this.grants.of(stanza.from)?.message !== "outgoing") {
      throw forbidden("you may not speak for others here");
    }
    const inner = forwardedOf(wrapper)?.stanza;
    if (inner?.name !== "message") throw new StanzaError("bad-request", "exactly one message is forwarded");
    const said = Stanza.read(inner);
    const { from } = said;
    if (from === undefined || from.domain !== this.host.domain || from.resource !== "") {
      throw forbidden("a message is from a bare address of this server");
    }
    if (from.local === "") {
      if (said.to === undefined) throw new StanzaError("bad-request", "a message of the server needs a 'to'");
      this.host.send(said);
      return CLAIMED;
    }
    this.#refuseStranger(from);
    return this.#depart(said.between(from, said.to ?? from), (departed) => {
      this.host.send(departed);
      return CLAIMED;
    });
  }

  // --- requests ---------------------------------------------------------------------------------------------------

  /** XEP-0356 §6.3: requests are for bare addresses of accounts that are managed here. */
  misaddressed({ isRequest, payload, to, reach }: Stanza): undefined {
    if (!isRequest || payload?.name !== "privileged_iq" || payload.ns !== PRIVILEGE_NS) return;
    if (reach === "resource") throw forbidden("requests are for the bare address of an account");
    this.#refuseStranger(to!);
  }

  /** XEP-0356 §6.3. */
  async request({ stanza, payload, from, to }: Query): Promise<Element> {
    const asked = this.#check(stanza, payload, to, this.grants.of(from));
    const target = asked.to ?? to;
    const request = asked.between(to, target).identified(randomId());
    const { payload: question } = request;
    // Who manages a namespace does not ask itself about the account that it asks for.
    const ownMatter = target.equals(to) && this.delegation?.manager(question!.ns) === from.domain;
    const answer = await this.#depart(request, (departed) => {
      if (ownMatter) this.delegation?.exempt(departed);
      return this.#ask(departed);
    });
    const inner = Stanza.of(answer, target, to).identified(asked.id);
    return el("privilege", PRIVILEGE_NS, {}, [buildForwarded(inner.toElement())]);
  }

  #check(stanza: Stanza, payload: Element, to: Jid, entity: Entity | undefined): Stanza {
    if (entity === undefined || to.local === "") throw forbidden("you may not make requests for others here");
    const [inner, more] = payload.elements();
    if (inner === undefined || more !== undefined || inner.name !== "iq" || inner.ns !== CONTENT_NS) {
      throw forbidden("exactly one request of jabber:client is made");
    }
    const asked = Stanza.read(inner);
    const { type } = asked;
    if (type !== stanza.type) throw forbidden("both requests are of the same type");
    if (asked.from !== undefined && !asked.from.equals(to)) {
      throw forbidden("the request is made by the account that is asked");
    }
    const ns = asked.payload!.ns;
    if (!Object.hasOwn(entity.iq, ns) || !allows(entity.iq[ns], type)) {
      throw forbidden(`you may not ${type} ${ns.slice(0, 200)} for others`);
    }
    return asked;
  }

  /** The answer, whatever it is. */
  async #ask(request: Stanza): Promise<Element> {
    try {
      const payload = await this.host.request(request);
      return el("iq", CONTENT_NS, { type: "result" }, [payload]);
    } catch (error) {
      if (!(error instanceof StanzaError)) throw error;
      return el("iq", CONTENT_NS, { type: "error" }, [error.toElement()]);
    }
  }

  // --- both -------------------------------------------------------------------------------------------------------

  /** Past all that watches what the account says. What is refused there is refused to the entity. */
  #depart<T>(stanza: Stanza, go: (departed: Stanza) => T | Promise<T>): T | Promise<T> {
    const x = { stanza, claimed: false, session: this.host.voice(stanza.from!) };
    const departed = (outcome: Outcome): T | Promise<T> => {
      if (outcome === undefined) return go(x.stanza);
      // For a claim the way ends there; a request would wait for ever.
      if (outcome === CLAIMED || outcome === DROP) throw new StanzaError("not-acceptable", "it was not sent");
      throw outcome;
    };
    const outcome = this.host.pass(departing, x);
    return isPromise(outcome) ? outcome.then(departed) : departed(outcome);
  }

  #refuseStranger(account: Jid): void {
    if (!this.host.accounts.exists(account.local)) throw forbidden("there is no such account here");
  }
}

function forbidden(why: string): StanzaError {
  return new StanzaError("forbidden", why);
}
