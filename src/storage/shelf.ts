/** Taking items off a shelf, with the words that a search found them by; an empty shelf goes too. */
import type { Engine } from "./engine.ts";

/** Removes items by their row numbers; to be called within `atomic`. Gives how many went. */
export function removeItems(engine: Engine, label: string, shelf: number, seqs: readonly number[]): number {
  if (seqs.length === 0) return 0;
  const list = JSON.stringify(seqs);
  const words = engine.prepare("DELETE FROM item_text WHERE rowid IN (SELECT value FROM json_each(?))");
  engine.write(label, words, list);
  const items = engine.prepare("DELETE FROM item WHERE seq IN (SELECT value FROM json_each(?))");
  const removed = engine.write(label, items, list);
  engine.write(label, engine.prepare("DELETE FROM shelf WHERE id = ? AND items <= 0"), shelf);
  return removed;
}
