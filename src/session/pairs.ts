/** The domain pairs that one stream of another server is authenticated for (XEP-0220 §2.6), and by what. */

/** How a peer has proved that it speaks for a domain. */
export type Means = "certificate" | "dialback";

export class Pairs {
  /** By our domain, then by theirs. */
  readonly #locals = new Map<string, Map<string, Means>>();
  #size = 0;
  /** The pair that was asked for last: nearly every stanza asks for the same. */
  #local = "";
  #remote = "";

  get size(): number {
    return this.#size;
  }

  has(local: string, remote: string): boolean {
    if (remote === this.#remote && local === this.#local) return remote !== "";
    if (this.#locals.get(local)?.has(remote) !== true) return false;
    this.#local = local;
    this.#remote = remote;
    return true;
  }

  by(local: string, remote: string): Means | undefined {
    return this.#locals.get(local)?.get(remote);
  }

  /** Whether a domain is authenticated for any of ours. */
  hasRemote(remote: string): boolean {
    for (const remotes of this.#locals.values()) if (remotes.has(remote)) return true;
    return false;
  }

  add(local: string, remote: string, by: Means): void {
    let remotes = this.#locals.get(local);
    if (remotes === undefined) this.#locals.set(local, remotes = new Map());
    if (!remotes.has(remote)) this.#size++;
    remotes.set(remote, by);
  }

  remove(local: string, remote: string): void {
    const remotes = this.#locals.get(local);
    if (remotes === undefined || !remotes.delete(remote)) return;
    this.#size--;
    this.#local = this.#remote = "";
    if (remotes.size === 0) this.#locals.delete(local);
  }

  *all(): IterableIterator<{ readonly local: string; readonly remote: string; readonly by: Means }> {
    for (const [local, remotes] of [...this.#locals]) {
      for (const [remote, by] of [...remotes]) yield { local, remote, by };
    }
  }
}
