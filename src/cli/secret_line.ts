/** A line typed into a terminal that shows nothing: the keys that matter are handled here, since the terminal does not. */

const enum Key {
  Interrupt = 3,
  EndOfInput = 4,
  Backspace = 8,
  LineFeed = 10,
  Return = 13,
  Clear = 21,
  Delete = 127,
}

export class SecretLine {
  #bytes: number[] = [];
  #open = true;
  #text: string | undefined;

  /** Whether more is expected. */
  get isOpen(): boolean {
    return this.#open;
  }

  /** What was typed; undefined when the person gave up. */
  get text(): string | undefined {
    return this.#text;
  }

  type(keys: Uint8Array): void {
    for (const key of keys) if (this.#open) this.#press(key);
  }

  #press(key: number): void {
    switch (key) {
      case Key.Interrupt:
      case Key.EndOfInput:
        this.#open = false;
        break;
      case Key.LineFeed:
      case Key.Return:
        this.#open = false;
        this.#text = new TextDecoder().decode(Uint8Array.from(this.#bytes));
        break;
      case Key.Backspace:
      case Key.Delete:
        // A character of several bytes goes as a whole.
        while ((this.#bytes.pop() ?? 0) >> 6 === 2);
        break;
      case Key.Clear:
        this.#bytes = [];
        break;
      default:
        if (key >= 32) this.#bytes.push(key);
    }
  }
}
