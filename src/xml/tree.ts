/** What the writer must know of an element: an interface, so that elements can write themselves. */

export interface Tree {
  readonly name: string;
  readonly ns: string;
  readonly attrs: Readonly<Record<string, string>>;
  readonly children: readonly (Tree | string)[];
  /** The children as text, for a context whose default namespace is `defaultNs`. */
  inner(defaultNs: string): string;
}
