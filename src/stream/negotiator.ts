/** Which features a stream has now, and which of them takes an element (RFC 6120 §4.3). */
import { el, type Element } from "../xml/element.ts";
import { Made } from "../xml/made.ts";
import { CONTENT_NS } from "../xml/names.ts";
import { STREAMS_NS } from "./error.ts";
import type { StreamFeature } from "./feature.ts";

/** What the negotiator must know about a session. */
export interface Negotiating {
  readonly state: number;
}

export class Negotiator<S extends Negotiating> {
  readonly #made = new Made();

  constructor(readonly features: readonly StreamFeature<S>[]) {}

  /** `<stream:features/>` for a session as it is now; made once where the features offer what they offered before. */
  offer(session: S): Element {
    const children: Element[] = [];
    for (const feature of this.features) {
      if (!fits(feature, session.state)) continue;
      const offered = feature.offer(session);
      if (offered === undefined) continue;
      if (isList(offered)) children.push(...offered);
      else children.push(offered);
    }
    return this.#made.from(children, () => el("features", STREAMS_NS, {}, children));
  }

  /** The feature that an element is for; undefined where none that may be taken now claims it. */
  find(session: S, element: Element): StreamFeature<S> | undefined {
    const ns = element.name === "iq" && element.ns === CONTENT_NS ? element.first()?.ns : element.ns;
    if (ns === undefined) return undefined;
    for (const feature of this.features) {
      if (feature.ns === ns && feature.take !== undefined && fits(feature, session.state)) return feature;
    }
    return undefined;
  }
}

function fits(feature: { needs: number; forbids: number }, state: number): boolean {
  return (state & feature.needs) === feature.needs && (state & feature.forbids) === 0;
}

function isList(offered: Element | readonly Element[]): offered is readonly Element[] {
  return Array.isArray(offered);
}
