/**
 * `${env:VAR}`, `${env:VAR:-default}`, `${file:/path}` and `${credential:name}` inside any text of the
 * configuration. `$${` stands for a plain `${`.
 */
import { whyUnreadable } from "./files.ts";
import { type Environment, joinPath } from "./find.ts";
import { isTree, type KeyPath, type Tree } from "./key.ts";
import type { Sources } from "./sources.ts";

/** What stands in for a secret where secrets are not read (a check at build time). */
export const UNREAD = "unread";

const PLACEHOLDER = /\$\$\{|\$\{([A-Za-z_]+):([^}]*)\}/g;

/** Fills in the placeholders of all values. With `secrets` false, files and credentials are not read. */
export function fillPlaceholders(sources: Sources, env: Environment, secrets = true): void {
  const fill = (value: unknown, path: KeyPath): unknown => {
    if (typeof value === "string") {
      return value.includes("${") ? fillText(sources, env, secrets, value, path) : value;
    }
    if (Array.isArray(value)) return value.map((entry, index) => fill(entry, [...path, index]));
    if (!isTree(value)) return value;
    for (const [key, inner] of Object.entries(value)) (value as Tree)[key] = fill(inner, [...path, key]);
    return value;
  };
  fill(sources.tree, []);
}

function fillText(sources: Sources, env: Environment, secrets: boolean, text: string, path: KeyPath): string {
  return text.replace(PLACEHOLDER, (whole, scheme: string | undefined, name: string) => {
    if (scheme === undefined) return "${";
    const filled = fillOne(sources, env, secrets, scheme, name, path);
    if (typeof filled === "string") return filled;
    sources.report(path, `${whole}: ${filled.fault}`);
    return "";
  });
}

function fillOne(
  sources: Sources,
  env: Environment,
  secrets: boolean,
  scheme: string,
  name: string,
  path: KeyPath,
): string | { fault: string } {
  if (scheme === "env") {
    const cut = name.indexOf(":-");
    const variable = cut < 0 ? name : name.slice(0, cut);
    const value = env[variable];
    // As in a shell, `:-` also replaces a variable that is set to nothing.
    if (cut >= 0) return value === undefined || value === "" ? name.slice(cut + 2) : value;
    return value ??
      { fault: `the environment has no ${variable}; give a default with \${env:${variable}:-…}` };
  }
  if (scheme !== "file" && scheme !== "credential") {
    return { fault: `no such placeholder; there are env, file and credential, and $\${ for a plain \${` };
  }
  if (!secrets) return UNREAD;
  if (scheme === "file") return readText(joinPath(sources.originOf(path).folder, name));
  const folder = env.CREDENTIALS_DIRECTORY;
  if (folder === undefined) {
    return { fault: "$CREDENTIALS_DIRECTORY is not set (systemd sets it for LoadCredential=)" };
  }
  if (/[/\\]|^\.\.?$/.test(name)) return { fault: "the name of a credential has no slashes" };
  return readText(joinPath(folder, name));
}

/** The text of a file without the line end that editors add. */
export function readText(path: string): string | { fault: string } {
  try {
    return Deno.readTextFileSync(path).replace(/\r?\n$/, "");
  } catch (error) {
    return { fault: `"${path}" ${whyUnreadable(error)}` };
  }
}
