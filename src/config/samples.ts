/** Values to show for options: their defaults, or something of the right form. */
import type { Option } from "./options.ts";
import { tomlValue } from "./toml.ts";

const BY_UNIT: Readonly<Record<string, string>> = {
  "duration": "5 min",
  "size": "10 MiB",
  "byte-rate": "128 KiB",
  "secret": "change-me",
  "jid": "admin@example.org",
  "address": "[::]:5222",
  "name-server": "127.0.0.1:5353",
  "cidr": "127.0.0.1/32",
  "web-address": "https://chat.example.org",
  "path": "path/to/it",
  "domain": "example.org",
};

/** A value the option would take, as a file would say it. */
export function sampleOf(option: Option): unknown {
  if (option.fallback !== undefined) return option.fallback;
  if (option.example !== undefined) return option.example;
  if (option.unit === "rate") return 50;
  if (option.unit !== undefined) return BY_UNIT[option.unit];
  if (option.choices?.[0] !== undefined) return option.choices[0];
  if (option.items !== undefined) return [sampleOf(option.items)];
  if (option.expects.startsWith("true")) return true;
  const least = /at least (\d+)|from (\d+)/.exec(option.expects);
  if (/number/.test(option.expects)) return Number(least?.[1] ?? least?.[2] ?? 1);
  return option.members !== undefined || option.each !== undefined ? {} : "text";
}

/** The default for people; a dash where there is none. */
export function fallbackText(option: Option): string {
  if (option.fallback === undefined) return option.required ? "(required)" : "-";
  return tomlValue(option.fallback);
}
