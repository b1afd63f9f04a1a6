/**
 * Budgets: a file has at most 500 lines, a function at most 80 (160 in tests). What has to be longer is named here, with the reason.
 * Prints the median and the 90th percentile too, so that growth is seen before it hurts.
 */
import { blank } from "./source.ts";
import { isTest, root, sourceFiles } from "./tree.ts";

const FILE_LINES = 500;
const FUNCTION_LINES = 80;
/** A conversation is read from top to bottom, like its transcript: cutting it up would not make it clearer. */
const TEST_FUNCTION_LINES = 160;

/** Files that may be longer: path, then why. */
const LONG_FILES: Readonly<Record<string, string>> = {};
/** Functions that may be longer: `path:name`, then why. */
const LONG_FUNCTIONS: Readonly<Record<string, string>> = {};

/** A function by the line it begins on. */
export interface Span {
  readonly name: string;
  readonly line: number;
  readonly lines: number;
}

/** Checks, prints what is too long, and says whether all is well. */
export function main(): boolean {
  const complaints: string[] = [];
  const fileSizes: number[] = [];
  const functionSizes: number[] = [];
  for (const path of sourceFiles()) {
    const source = Deno.readTextFileSync(root + path);
    const lines = source.split("\n").length - 1;
    fileSizes.push(lines);
    if (lines > FILE_LINES && LONG_FILES[path] === undefined) {
      complaints.push(`${path}: ${lines} lines, at most ${FILE_LINES}; split it by what it does`);
    }
    const most = isTest(path) ? TEST_FUNCTION_LINES : FUNCTION_LINES;
    for (const { name, line, lines } of functionsOf(source)) {
      functionSizes.push(lines);
      if (lines > most && LONG_FUNCTIONS[`${path}:${name}`] === undefined) {
        complaints.push(`${path}:${line}: ${name} has ${lines} lines, at most ${most}`);
      }
    }
  }
  for (const complaint of complaints) console.log(complaint);
  console.log(
    `sizes: files ${summary(fileSizes)} · functions ${
      summary(functionSizes)
    } · ${complaints.length} too long`,
  );
  return complaints.length === 0;
}

/**
 * The functions of a source, by its layout: the formatter puts the last brace of a block in the column where the
 * statement with the first one begins. One-line functions are left out.
 */
export function functionsOf(source: string): Span[] {
  const lines = blank(source).split("\n");
  const found: Span[] = [];
  lines.forEach((line, i) => {
    if (!line.trimEnd().endsWith("{")) return;
    const indent = indentOf(line);
    const start = statementStart(lines, i, indent);
    const name = functionName(lines.slice(start, i + 1).map((text) => text.trim()).join(" "));
    if (name === undefined) return;
    let end = i + 1;
    while (
      end < lines.length && !(indentOf(lines[end] ?? "") === indent && /^\s*[}]/.test(lines[end] ?? ""))
    ) end++;
    found.push({ name, line: start + 1, lines: end - start + 1 });
  });
  return found;
}

/** A signature over several lines ends with `) {` or `): T => {` in the column where it began. */
function statementStart(lines: readonly string[], end: number, indent: number): number {
  if (!/^\s*[)\]}>]/.test(lines[end] ?? "")) return end;
  for (let i = end - 1; i >= 0; i--) {
    const line = lines[i] ?? "";
    if (line.trim() !== "" && indentOf(line) <= indent) return i;
  }
  return end;
}

/** What a statement that opens a block declares, when it is a function; undefined for loops, classes and objects. */
function functionName(statement: string): string | undefined {
  const text = statement.replace(/^[}\s]*/, "");
  if (/=>\s*\{$/.test(text)) {
    return /(?:const|let)\s+([\w$]+)/.exec(text)?.[1] ?? /([\w$]+)\s*[:=]/.exec(text)?.[1] ?? "=>";
  }
  const declared = /\bfunction\b\s*\*?\s*([\w$]*)/.exec(text);
  if (declared !== null) return declared[1] || "function";
  if (
    /^(if|for|while|switch|catch|do|else|try|finally|return|class|interface|with|using|await|const|let|new)\b/
      .test(text)
  ) {
    return undefined;
  }
  const method =
    /^(?:(?:public|private|protected|static|override|async|get|set)\s+)*\*?\s*([#\w$]+|\[[^\]]*\])\s*(?:<.*>)?\(.*\)\s*(?::.*)?\{$/
      .exec(text);
  return method?.[1];
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

function summary(sizes: number[]): string {
  sizes.sort((a, b) => a - b);
  const at = (part: number) => sizes[Math.min(sizes.length - 1, Math.floor(sizes.length * part))] ?? 0;
  return `${sizes.length}, median ${at(0.5)}, p90 ${at(0.9)}, longest ${at(1)}`;
}

if (import.meta.main) Deno.exit(main() ? 0 : 1);
