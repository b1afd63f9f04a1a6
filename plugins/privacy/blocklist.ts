/** Blocklists as part of the default privacy list (XEP-0191 §5): what is in them, and how addresses come and go. */
import { asDefault, type Item, listOf, type PrivacyList, type PrivacyRecord, withList } from "./item.ts";

/** The default list of those who have none, when they block somebody. */
const NAME = "blocklist";

/** An item that a blocklist can show: everything from one address is denied. */
export function isBlock(item: Item): item is Item & { readonly value: string } {
  return item.type === "jid" && item.allow !== true && item.kinds === undefined;
}

/** The blocked addresses, in the order of the list. */
export function blockedIn(record: PrivacyRecord): string[] {
  const items = listOf(record, record.default)?.items ?? [];
  return [...new Set(items.filter(isBlock).map((item) => item.value))];
}

/** Blocks addresses: their items come first, behind those that do so already, so that no other rule overrides them. */
export function withBlocked(record: PrivacyRecord, addresses: readonly string[]): PrivacyRecord {
  const name = record.default ?? unused(record);
  const items = listOf(record, record.default)?.items ?? [];
  const end = items.findIndex((item) => !isBlock(item));
  const first = end < 0 ? items : items.slice(0, end);
  const known = new Set(first.map((item) => item.value));
  const fresh = [...new Set(addresses)].filter((address) => !known.has(address));
  if (fresh.length === 0) return record;
  const moved = new Set<string | undefined>(fresh);
  const rest = items.slice(first.length).filter((item) => !(isBlock(item) && moved.has(item.value)));
  const added = fresh.map((value): Item => ({ type: "jid", value, order: 0 }));
  return asDefault(withList(record, name, numbered(name, [...first, ...added, ...rest])), name);
}

/** Unblocks addresses, or all of them. A list with nothing left in it is no list any more. */
export function withoutBlocked(
  record: PrivacyRecord,
  addresses: readonly string[] | undefined,
): PrivacyRecord {
  const list = listOf(record, record.default);
  if (list === undefined) return record;
  const gone = addresses === undefined ? undefined : new Set(addresses);
  const items = list.items.filter((item) => !(isBlock(item) && (gone === undefined || gone.has(item.value))));
  if (items.length === list.items.length) return record;
  return withList(record, list.name, items.length === 0 ? undefined : numbered(list.name, items));
}

/** XEP-0016 §2.7: the numbers of items are not fixed. */
function numbered(name: string, items: readonly Item[]): PrivacyList {
  return { name, items: items.map((item, at) => ({ ...item, order: at + 1 })) };
}

function unused(record: PrivacyRecord): string {
  let name = NAME;
  for (let n = 2; listOf(record, name) !== undefined; n++) name = `${NAME} ${n}`;
  return name;
}
