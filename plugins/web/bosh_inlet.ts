/** What a client of BOSH has said, on its way to the stream, which may not read for a while. */
import { encodeUtf8, type Sink } from "#plugin";

/** So many bytes may wait for the stream: more come only from who does not wait for answers. */
const MOST_UNREAD = 2_097_152;

export class BoshInlet {
  #sink: Sink | undefined;
  #unread: Uint8Array[] = [];
  #bytes = 0;
  #paused = false;

  /** `moved` is called when the stream has read something that had waited. */
  constructor(private readonly moved: () => void) {}

  /** Nothing waits. */
  get isEmpty(): boolean {
    return this.#unread.length === 0;
  }

  get isTooFull(): boolean {
    return this.#bytes > MOST_UNREAD;
  }

  attach(sink: Sink): void {
    this.#sink = sink;
    this.#deliver();
  }

  feed(text: string): void {
    const bytes = encodeUtf8(text);
    if (!this.#paused && this.#sink !== undefined && this.isEmpty) return this.#sink.bytes(bytes);
    this.#unread.push(bytes);
    this.#bytes += bytes.length;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#deliver();
  }

  /** Nobody reads any more. */
  close(): void {
    this.#sink = undefined;
    this.#unread = [];
    this.#bytes = 0;
  }

  #deliver(): void {
    while (!this.#paused && this.#sink !== undefined && !this.isEmpty) {
      const bytes = this.#unread.shift()!;
      this.#bytes -= bytes.length;
      this.#sink.bytes(bytes);
      this.moved();
    }
  }
}
