/**
 * The labels of a host, found by what marks a message and not by what is shown with it, which anybody can write (BUG-32), and
 * as the catalog that clients choose from (XEP-0258 §4).
 */
import { el, type Element, StanzaError } from "#plugin";
import type { Label, LabelOptions } from "./labels_options.ts";

export const LABEL_NS = "urn:xmpp:sec-label:0";
export const CATALOG_NS = "urn:xmpp:sec-label:catalog:2";
const ESS_NS = "urn:xmpp:sec-label:ess:0";

/** What a message says of its label. */
export interface Marked {
  /** Those of ours that it bears: its own, and others that are said to be worth the same. */
  readonly labels: readonly Label[];
  /** Whether we know what it bears. */
  readonly known: boolean;
  readonly element: Element | undefined;
}

export class Catalog {
  readonly #byMark = new Map<string, Label>();
  readonly #default: Label | undefined;

  constructor(private readonly options: LabelOptions, private readonly labels: readonly Label[]) {
    this.#default = labels.find((label) => label.default);
    for (const label of labels) {
      for (const mark of marksOf(label)) if (!this.#byMark.has(mark)) this.#byMark.set(mark, label);
    }
  }

  /** Throws where it says so twice: receivers could show another one than was judged. */
  read(message: Element): Marked {
    const [element, ...others] = message.elementsOf(LABEL_NS).filter(({ name }) => name === "securitylabel");
    if (others.length > 0) throw new StanzaError("bad-request", "a message has one security label");
    const own = this.#default === undefined ? [] : [this.#default];
    if (element === undefined) return { labels: own, known: true, element };
    const [label, ...more] = element.elements().filter(({ name }) => name === "label");
    if (label === undefined || more.length > 0) {
      throw new StanzaError("bad-request", "a security label has one label");
    }
    // §3: an empty one is the default.
    if (label.children.length === 0) return { labels: own, known: true, element };
    const equivalent = element.elements().filter(({ name }) => name === "equivalentlabel");
    const labels = [label, ...equivalent].map((it) => this.#byMark.get(markOf(it)))
      .filter((it) => it !== undefined);
    return { labels: [...new Set(labels)], known: labels.length > 0, element };
  }

  /** A message whose label is shown as the catalog has it, whatever its sender wrote. */
  honest(message: Element, { labels, element }: Marked): Element {
    const [label] = labels;
    if (label === undefined || element === undefined) return message;
    const shown = displayOf(label);
    const whole = element.withChildren([
      shown,
      ...element.elements().filter(({ name }) => name !== "displaymarking"),
    ]);
    return message.withChildren(message.children.map((node) => node === element ? whole : node));
  }

  /** §4, for somebody who may use some of the labels. */
  write(to: string | undefined, may: (label: Label) => boolean): Element {
    const { name, description, restrictive } = this.options;
    const attrs = { to, name, desc: description, restrict: restrictive ? "true" : undefined };
    return el("catalog", CATALOG_NS, attrs, this.labels.filter(may).map(itemOf));
  }
}

function itemOf(label: Label): Element {
  const { selector, ess } = label;
  const mark = ess === undefined ? textOf(label) : el("esssecuritylabel", ESS_NS, {}, ess);
  return el("item", CATALOG_NS, { selector, default: label.default ? "true" : undefined }, [
    el("securitylabel", LABEL_NS, {}, [displayOf(label), el("label", LABEL_NS, {}, mark)]),
  ]);
}

function displayOf({ selector, colour, background }: Label): Element {
  return el(
    "displaymarking",
    LABEL_NS,
    { fgcolor: colour, bgcolor: background },
    selector.split("|").at(-1)!,
  );
}

function textOf({ label, selector }: Label): string {
  return label ?? selector.split("|").at(-1)!;
}

function marksOf(label: Label): string[] {
  return [`text ${textOf(label)}`, ...(label.ess === undefined ? [] : [`ess ${label.ess}`])];
}

/** What is in a `<label/>`, so that it can be compared. */
function markOf(label: Element): string {
  const ess = label.childText("esssecuritylabel", ESS_NS);
  return ess === undefined ? `text ${label.text.trim()}` : `ess ${ess.replace(/\s/g, "")}`;
}
