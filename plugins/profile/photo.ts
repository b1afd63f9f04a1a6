/** The picture of a card (XEP-0153 §4.5), and what kind of picture it is. Pure. */
import { decodeBase64, el, type Element, encodeHex, hashed } from "#plugin";

export const VCARD_NS = "vcard-temp";

export interface Photo {
  /** SHA-1 of the picture, in lower case. */
  readonly hash: string;
  /** Its size in bytes. */
  readonly bytes: number;
  readonly type: string;
  /** The picture in Base64, without white space. */
  readonly data: string;
}

/** What a text in Base64 is; undefined where that is no picture. `type` is what it is said to be. */
export function photoFrom(text: string, type: string | undefined): Photo | undefined {
  const data = text.replace(/\s+/g, "");
  const image = data === "" ? undefined : decodeBase64(data);
  if (image === undefined) return undefined;
  // XEP-0153 §5: the picture itself is right, not what is said of it.
  const kind = kindOf(image) ?? (/^image\/[\w.+-]+$/.test(type ?? "") ? type! : undefined);
  if (kind === undefined) return undefined;
  return { hash: encodeHex(hashed("SHA-1", image)), bytes: image.length, type: kind, data };
}

/** The first picture of a card that is in it. */
export function photoOf(card: Element | undefined): Photo | undefined {
  for (const photo of card?.elements() ?? []) {
    const text = photo.name === "PHOTO" ? photo.childText("BINVAL") : undefined;
    const found = text === undefined ? undefined : photoFrom(text, photo.childText("TYPE")?.trim());
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The card with this picture instead of the one it has, or without. */
export function withPhoto(card: Element | undefined, photo: Photo | undefined): Element {
  const rest = (card ?? el("vCard", VCARD_NS)).without(({ name }) => name === "PHOTO");
  if (photo === undefined) return rest;
  return rest.plus(el("PHOTO", VCARD_NS, {}, [
    el("TYPE", VCARD_NS, {}, photo.type),
    el("BINVAL", VCARD_NS, {}, photo.data),
  ]));
}

const BEGINNINGS: readonly (readonly [string, readonly number[]])[] = [
  ["image/png", [0x89, 0x50, 0x4e, 0x47]],
  ["image/jpeg", [0xff, 0xd8, 0xff]],
  ["image/gif", [0x47, 0x49, 0x46, 0x38]],
];

function kindOf(image: Uint8Array): string | undefined {
  for (const [type, bytes] of BEGINNINGS) if (bytes.every((byte, i) => image[i] === byte)) return type;
  const ascii = (from: number) => String.fromCharCode(...image.subarray(from, from + 4));
  return ascii(0) === "RIFF" && ascii(8) === "WEBP" ? "image/webp" : undefined;
}
