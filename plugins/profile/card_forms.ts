/** One card in its two forms, vcard-temp (XEP-0054) and vCard4 (XEP-0292); what only one of them has stays there. Pure. */
import { el, type Element } from "#plugin";
import { CARD_FIELDS, type CardField, VCARD4_NS } from "./card_fields.ts";
import { VCARD_NS } from "./photo.ts";

const BY_TEMP = new Map(CARD_FIELDS.map((field) => [field.temp, field]));
// The first row of a name is the one to write.
const BY_V4 = new Map([...CARD_FIELDS].reverse().map((field) => [field.v4, field]));

/** The card as a vCard4; `before` is the one there was, whose fields without a counterpart stay. */
export function toVcard4(card: Element | undefined, before?: Element): Element {
  return el("vcard", VCARD4_NS, {}, [
    ...converted(card, BY_TEMP, (field, it) => field.up(it)),
    ...rest(before, BY_V4, (field, it) => field.down(it)),
  ]);
}

/** The card as a vcard-temp; `before` is the one there was, whose fields without a counterpart stay, its picture too. */
export function toVcardTemp(card: Element | undefined, before?: Element): Element {
  return el("vCard", VCARD_NS, {}, [
    ...converted(card, BY_V4, (field, it) => field.down(it)),
    ...rest(before, BY_TEMP, (field, it) => field.up(it)),
  ]);
}

type Fields = ReadonlyMap<string, CardField>;

function converted(
  card: Element | undefined,
  fields: Fields,
  write: (field: CardField, it: Element) => Element | undefined,
): Element[] {
  const found: Element[] = [];
  for (const it of card?.elements() ?? []) {
    const field = it.ns === card!.ns ? fields.get(it.name) : undefined;
    const made = field === undefined ? undefined : write(field, it);
    if (made !== undefined) found.push(made);
  }
  return found;
}

/** The fields that the other form cannot have. One without anything in it stands for nothing. */
function rest(
  card: Element | undefined,
  fields: Fields,
  write: (field: CardField, it: Element) => Element | undefined,
): Element[] {
  return card?.elements().filter((it) => {
    const field = it.ns === card.ns ? fields.get(it.name) : undefined;
    return field === undefined || (!isEmpty(it) && write(field, it) === undefined);
  }) ?? [];
}

function isEmpty(field: Element): boolean {
  return field.children.every((child) => typeof child === "string" ? child.trim() === "" : isEmpty(child));
}
