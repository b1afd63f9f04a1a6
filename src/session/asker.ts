/** Whose requests are being worked on: a client's session, or the stream of another server. */
export interface Asker {
  /** Requests under way. */
  readonly pendingRequests: number;
  /** How many may be under way before its stream is read no further. */
  readonly mostPending: number;
  asked(): void;
  answered(): void;
}
