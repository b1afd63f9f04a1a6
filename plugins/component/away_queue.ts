/** Stanzas for a component that is away: so many, and so large together. Nothing kept is a slice of what came. */
import { Stanza, utf8Length } from "#plugin";

export class AwayQueue {
  #stanzas: Stanza[] = [];
  #bytes = 0;

  get length(): number {
    return this.#stanzas.length;
  }

  /** False where it is full. */
  add(
    stanza: Stanza,
    { queue, queue_size }: { readonly queue: number; readonly queue_size: number },
  ): boolean {
    const element = stanza.toElement();
    // The attributes too that nobody defines: they are kept as long as the stanza is.
    const size = utf8Length(element.toString());
    if (this.#stanzas.length >= queue || this.#bytes + size > queue_size) return false;
    this.#stanzas.push(Stanza.of(element.detached(), stanza.from, stanza.to));
    this.#bytes += size;
    return true;
  }

  /** All of them in their order; none is left. */
  empty(): readonly Stanza[] {
    const stanzas = this.#stanzas;
    this.#stanzas = [];
    this.#bytes = 0;
    return stanzas;
  }
}
