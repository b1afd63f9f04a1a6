/** Media in data forms (XEP-0221): a picture, a sound or a film that belongs to a field. */

import { el, type Element } from "../xml/element.ts";

/** The namespace of `<media/>`, which is also the feature to announce. */
export const MEDIA_NS = "urn:xmpp:media-element";

/** One place where the media can be had. */
export interface MediaSource {
  readonly uri: string;
  /** Its MIME type, with parameters (RFC 2045 §5.1). */
  readonly type: string;
}

/** The same media at one place or several. */
export interface Media {
  readonly sources: readonly MediaSource[];
  /** The size to show it in, in pixels. */
  readonly height?: number | undefined;
  readonly width?: number | undefined;
}

const TYPE = /^[^\s/;]+\/[^\s/;]+\s*(;.*)?$/;
const PIXELS = /^\d{1,5}$/;

/** A `<media/>`. */
export function buildMedia({ sources, height, width }: Media): Element {
  return el(
    "media",
    MEDIA_NS,
    { height: height?.toString(), width: width?.toString() },
    sources.map(({ uri, type }) => el("uri", MEDIA_NS, { type }, uri)),
  );
}

/** Reads a `<media/>`. Places without an address or a MIME type are left out, and so is a size that is none. */
export function readMedia(element: Element): Media {
  const sources: MediaSource[] = [];
  for (const child of element.elementsOf(MEDIA_NS)) {
    const uri = child.text.trim();
    const type = child.attr("type");
    if (child.name === "uri" && uri !== "" && type !== undefined && TYPE.test(type)) {
      sources.push({ uri, type });
    }
  }
  return { sources, height: pixels(element.attr("height")), width: pixels(element.attr("width")) };
}

function pixels(text: string | undefined): number | undefined {
  return text !== undefined && PIXELS.test(text) && Number(text) <= 65_535 ? Number(text) : undefined;
}
