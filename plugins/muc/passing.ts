/** Going on after a point: now, or when the guard or claim that waits has decided. */
import { DROP, isPromise, type Maybe, type Outcome, type Stanza, StanzaError } from "#plugin";
import type { House } from "./house.ts";

export function settled<T>(outcome: Maybe<Outcome>, then: (outcome: Outcome) => Maybe<T>): Maybe<T> {
  return isPromise(outcome) ? outcome.then(then) : then(outcome);
}

/** True where nothing stands against it. A refusal is answered, silence is kept, and what is claimed is not ours. */
export function passed(house: House, stanza: Stanza, outcome: Outcome): boolean {
  if (outcome === undefined) return true;
  if (outcome === DROP || outcome instanceof StanzaError) house.host.refuse(stanza, outcome);
  return false;
}

/** As `passed`, for presence: a refusal is thrown, since rooms answer presence in a way of their own. */
export function admitted(house: House, stanza: Stanza, outcome: Outcome): boolean {
  if (outcome instanceof StanzaError) throw outcome;
  if (outcome === DROP) house.host.refuse(stanza, DROP);
  return outcome === undefined;
}

/** For requests: a refusal is thrown, so that it is the answer. */
export function permit(outcome: Outcome): void {
  if (outcome === undefined) return;
  if (outcome instanceof StanzaError) throw outcome;
  throw new StanzaError("not-allowed");
}
