/** The name that an archive gives to a message (XEP-0359), which goes with it to all who get it, but not into the archive. */
import {
  buildStanzaId,
  type Jid,
  type Stanza,
  stanzaIdBy,
  stanzaIdText,
  timeOfId,
  withoutStanzaIds,
} from "#plugin";

/** A message that has been named. */
export interface Named {
  /** With its name. */
  readonly stanza: Stanza;
  /** Without, as it is kept. */
  readonly before: Stanza;
  readonly id: string;
  readonly at: number;
  /** For another device of the account: the one that was named first. */
  readonly origin?: Named;
  /** The archive has it. */
  kept?: true;
}

/** Names a message that has no name by this archive. */
export function named(before: Stanza, id: string, at: number, by: Jid): Named {
  return { stanza: withName(before, id, by), before, id, at };
}

export function withName(stanza: Stanza, id: string, by: Jid): Stanza {
  return stanza.with(buildStanzaId(id, by), stanzaIdText(id, by));
}

/** The same from the message itself, where others were named while it waited, or a plugin changed it. */
export function nameOf(stanza: Stanza, by: Jid): Named | undefined {
  const id = stanzaIdBy(stanza.source, by);
  const at = id === undefined ? undefined : timeOfId(id);
  if (id === undefined || at === undefined) return undefined;
  return { stanza, before: stanza.containing(withoutStanzaIds(stanza.source, by)), id, at };
}
