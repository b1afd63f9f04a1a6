/** The texts that links lead to: by an id that nobody can guess, until their time is over or others need the place. */
import { type HostScope, randomId, tables, utf8Length } from "#plugin";

const pasteTables = tables("pastes", {
  pastes: {
    columns: {
      id: "text",
      /** The room it was said in, and by which id it is known there ("" while that is not clear). */
      room: "text",
      message: "text",
      at: "integer",
      bytes: "integer",
      text: "text",
    },
    key: ["id"],
    indexes: { by_time: ["at"], by_room: ["room", "message"] },
  },
});

/** Rows at a time. */
const SLICE = 200;

export class PasteStore {
  readonly #pastes;
  #bytes: number | undefined;

  constructor(host: HostScope<unknown>, private readonly quota: number) {
    this.#pastes = host.open(pasteTables).pastes;
  }

  add(room: string, text: string, at: number): string {
    const bytes = utf8Length(text);
    while (this.#total + bytes > this.quota) if (!this.#dropOldest()) break;
    const id = randomId(18);
    this.#pastes.insert("", { id, room, message: "", at, bytes, text });
    this.#bytes = this.#total + bytes;
    return id;
  }

  /** Texts of before a time are none any more. */
  get(id: string, since: number): string | undefined {
    const row = this.#pastes.get("", { id });
    return row === undefined || row.at < since ? undefined : row.text;
  }

  /** The message that leads to a text has a name now. The first one is the one that it was made for. */
  name(id: string, room: string, message: string): void {
    const row = this.#pastes.get("", { id });
    if (row !== undefined && row.room === room && row.message === "") {
      this.#pastes.update("", { id }, { message });
    }
  }

  /** A message was taken back: so is the text. */
  takeBack(room: string, message: string): void {
    for (const { id, bytes } of this.#pastes.range("", { index: "by_room", where: { room, message } })) {
      this.#remove(id, bytes);
    }
  }

  /** Removes some texts of a room; true when none are left. */
  clear(room: string): boolean {
    return this.#removeAll(this.#pastes.range("", { index: "by_room", where: { room }, limit: SLICE }));
  }

  /** Removes some texts of before a time; true when none are left. */
  expire(before: number): boolean {
    return this.#removeAll(
      this.#pastes.range("", { index: "by_time", bounds: { before }, limit: SLICE }),
    );
  }

  get #total(): number {
    return this.#bytes ??= this.#addUp();
  }

  #addUp(): number {
    let total = 0;
    for (let after = "";;) {
      const rows = this.#pastes.range("", { bounds: { after }, limit: SLICE });
      for (const { bytes } of rows) total += bytes;
      if (rows.length < SLICE) return total;
      after = rows.at(-1)!.id;
    }
  }

  #dropOldest(): boolean {
    const [oldest] = this.#pastes.range("", { index: "by_time", limit: 1 });
    if (oldest === undefined) return false;
    this.#remove(oldest.id, oldest.bytes);
    return true;
  }

  #removeAll(rows: readonly { readonly id: string; readonly bytes: number }[]): boolean {
    for (const { id, bytes } of rows) this.#remove(id, bytes);
    return rows.length < SLICE;
  }

  #remove(id: string, bytes: number): void {
    if (this.#pastes.delete("", { id })) this.#bytes = this.#total - bytes;
  }
}
