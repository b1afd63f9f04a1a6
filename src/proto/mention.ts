/** Whether a text speaks of somebody by their name, as people do in rooms. */

const LETTER = /[\p{L}\p{N}_]/u;

/** The name stands in the text as a word of its own, whatever the case. */
export function mentions(text: string, name: string): boolean {
  const words = text.toLowerCase();
  const word = name.toLowerCase();
  if (word === "") return false;
  for (let at = words.indexOf(word); at >= 0; at = words.indexOf(word, at + 1)) {
    const end = at + word.length;
    // Two units hold any letter that stands next to it.
    const before = [...words.slice(Math.max(0, at - 2), at)].at(-1) ?? "";
    const after = [...words.slice(end, end + 2)][0] ?? "";
    if (!LETTER.test(before) && !LETTER.test(after)) return true;
  }
  return false;
}
