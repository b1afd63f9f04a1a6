/** What a reader accepts before it gives up; each limit is a promise that a peer costs bounded memory and time. */

/** The limits of one reader. They may be replaced at any time, so a stream can be held shorter before login. */
export interface Limits {
  /** UTF-8 bytes of one top-level element, or of the stream header, from its "<" to its ">". */
  readonly stanzaBytes: number;
  /** Elements inside one another, the top-level one counted as the first. */
  readonly depth: number;
  /** Attributes of one tag, namespace declarations among them. */
  readonly attributes: number;
  /** UTF-8 bytes of one start tag; as long as the stanza may be when left out. */
  readonly tagBytes?: number;
}

/** For what we wrote ourselves: it was read once under limits that an administrator may have chosen wide. */
export const AMPLE: Limits = Object.freeze({
  stanzaBytes: Infinity,
  depth: Infinity,
  attributes: Infinity,
});
