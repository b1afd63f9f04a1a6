/** What one device shows its person: messages in the order of the account's archive, as far as it has been told. */

export class History {
  /** By the id that the sender gave it: the one that the archive gave it; undefined for what it said itself and was not told. */
  readonly #entries = new Map<string, string | undefined>();

  /** A message with its name in the archive. One that has another name now was lost in a crash and said again. */
  learn(id: string, name: string): void {
    if (this.#entries.get(id) === name) return;
    this.#entries.delete(id);
    this.#entries.set(id, name);
  }

  /** It has said something, and it was acknowledged. */
  said(id: string): void {
    if (!this.#entries.has(id)) this.#entries.set(id, undefined);
  }

  has(id: string, name?: string): boolean {
    return name === undefined ? this.#entries.has(id) : this.#entries.get(id) === name;
  }

  get ids(): string[] {
    return [...this.#entries.keys()];
  }

  /** The archive's names of messages, oldest first. */
  get names(): string[] {
    return [...this.#entries.values()].filter((name) => name !== undefined);
  }
}
