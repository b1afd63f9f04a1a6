/**
 * Just enough reading of TypeScript to check rules on it: comments and the contents of strings are blanked out, with
 * every character and line keeping its place, so that simple patterns cannot be deceived by what a text says.
 */

/** An import or re-export of another module. */
export interface Import {
  readonly specifier: string;
  readonly line: number;
  /** Nothing of it is left at run time: `import type`, `export type`. */
  readonly typeOnly: boolean;
  readonly dynamic: boolean;
  /** What stands between `import` and `from`; empty for an import for its effect. */
  readonly names: string;
}

/** A slash begins a regular expression after one of these, and is a division after anything else. */
const BEFORE_REGEX =
  /(^|[(,=:[!&|?{};+\-*%<>~^]|\b(return|typeof|case|in|of|do|else|await|yield|void|delete))$/;

/** The source with comments and the insides of strings, templates and regular expressions turned into blanks. */
export function blank(source: string): string {
  const out = source.split("");
  const hide = (from: number, to: number) => {
    for (let i = from; i < to; i++) if (out[i] !== "\n") out[i] = " ";
  };
  /** For each open `${` of a template: how many braces are open inside it. */
  const templates: number[] = [];
  let code = "";
  let i = 0;
  const template = (start: number): number => {
    let at = start;
    while (at < source.length && source[at] !== "`") {
      if (source.startsWith("${", at)) {
        hide(start, at);
        templates.push(0);
        return at + 2;
      }
      at += source[at] === "\\" ? 2 : 1;
    }
    hide(start, at);
    return at + 1;
  };
  while (i < source.length) {
    const c = source[i] ?? "";
    let end = i + 1;
    if (source.startsWith("//", i) || (i === 0 && source.startsWith("#!"))) {
      end = upTo(source, "\n", i, 0);
      hide(i, end);
    } else if (source.startsWith("/*", i)) {
      end = upTo(source, "*/", i + 2, 2);
      hide(i, end);
    } else if (c === '"' || c === "'") {
      end = endOfString(source, i);
      hide(i + 1, end - 1);
      code = '"';
    } else if (c === "`") {
      end = template(i + 1);
      code = end > 0 && source[end - 1] === "`" ? '"' : "{";
    } else if (c === "/" && BEFORE_REGEX.test(code.trimEnd())) {
      end = endOfRegex(source, i);
      hide(i + 1, end - 1);
      code = '"';
    } else if (c === "}" && templates.at(-1) === 0) {
      templates.pop();
      end = template(i + 1);
      code = source[end - 1] === "`" ? '"' : "{";
    } else {
      const open = templates.length - 1;
      if (open >= 0 && c === "{") templates[open] = (templates[open] ?? 0) + 1;
      if (open >= 0 && c === "}") templates[open] = (templates[open] ?? 0) - 1;
      code = (code + c).slice(-16);
    }
    i = end;
  }
  return out.join("");
}

/** All imports of a source, with `blanked` the same source through blank(). */
export function imports(source: string, blanked: string): Import[] {
  const found: Import[] = [];
  const at = (index: number) => blanked.slice(0, index).split("\n").length;
  const text = (index: number) => source.slice(index + 1, source.indexOf(source[index] ?? "", index + 1));
  const statement =
    /(?:^|[;\n])\s*(import|export)\b(?!\s*\()(\s+type\b(?!\s*(?:,|from\b)))?([^;"'()=]*?)(?:\bfrom\s*)?(["'])/g;
  for (const match of blanked.matchAll(statement)) {
    const [whole, keyword, type, names = ""] = match;
    const hasFrom = /\bfrom\s*["']$/.test(whole);
    // `export const x = "…"` and the like name no module.
    if (!hasFrom && (keyword === "export" || names.trim() !== "")) continue;
    const quote = match.index + whole.length - 1;
    const every = names.replace(/[{}\s]/g, "") !== "" && /^\s*\{/.test(names) &&
      names.replace(/[{}]/g, "").split(",").every((name) => name.trim() === "" || /^\s*type\s/.test(name));
    found.push({
      specifier: text(quote),
      line: at(quote),
      typeOnly: type !== undefined || every,
      dynamic: false,
      names: names.trim(),
    });
  }
  // `import("x")` at run time, and `import("x").T` in a type.
  for (const match of blanked.matchAll(/\bimport\s*\(\s*(["'])/g)) {
    const quote = match.index + match[0].length - 1;
    found.push({ specifier: text(quote), line: at(quote), typeOnly: false, dynamic: true, names: "" });
  }
  return found;
}

function upTo(source: string, mark: string, from: number, plus: number): number {
  const at = source.indexOf(mark, from);
  return at < 0 ? source.length : at + plus;
}

function endOfString(source: string, start: number): number {
  let i = start + 1;
  while (i < source.length && source[i] !== source[start] && source[i] !== "\n") {
    i += source[i] === "\\" ? 2 : 1;
  }
  return i + 1;
}

function endOfRegex(source: string, start: number): number {
  let inClass = false;
  let i = start + 1;
  for (; i < source.length && source[i] !== "\n"; i++) {
    const c = source[i];
    if (c === "\\") i++;
    else if (c === "[") inClass = true;
    else if (c === "]") inClass = false;
    else if (c === "/" && !inClass) return i + 1;
  }
  return i;
}
