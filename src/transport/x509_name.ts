/** Distinguished names (RFC 5280 §4.1.2.4) as people read them: "CN=R11, O=Let's Encrypt, C=US". For logs only. */
import { derChildren, derWhole, oidText } from "./der.ts";

const SHORT: Readonly<Record<string, string>> = {
  "2.5.4.3": "CN",
  "2.5.4.6": "C",
  "2.5.4.7": "L",
  "2.5.4.8": "ST",
  "2.5.4.10": "O",
  "2.5.4.11": "OU",
};
const LONGEST = 200;

/** The name in short, its most special part first; "?" where it cannot be read. */
export function nameText(name: Uint8Array): string {
  const parts: string[] = [];
  try {
    for (const set of derChildren(name, derWhole(name, 0x30))) {
      for (const attribute of derChildren(name, set)) {
        const [type, value] = derChildren(name, attribute);
        const id = oidText(name, type);
        if (value === undefined) continue;
        // BMPString has two bytes a character; what people read of it is the second.
        const bytes = name.slice(value.start, value.end).filter((_, i) => value.tag !== 0x1e || i % 2 === 1);
        parts.unshift(`${SHORT[id] ?? id}=${printable(new TextDecoder().decode(bytes))}`);
      }
    }
  } catch {
    return "?";
  }
  return parts.join(", ").slice(0, LONGEST) || "a name without parts";
}

function printable(text: string): string {
  return text.replace(/\p{C}/gu, "\ufffd");
}
