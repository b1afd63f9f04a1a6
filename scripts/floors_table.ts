/** The house as data: which folder stands on which floor, and what may be said only in certain places. */

/** The floors of `src`, lowest first. A folder imports strictly lower floors only. */
export const FLOORS: readonly (readonly string[])[] = [
  ["base"],
  ["xml", "jid", "sasl", "storage", "config", "transport", "http", "dns"],
  ["stanza"],
  ["proto", "hook", "stream"],
  ["session"],
  ["host", "remote"],
  ["plugin"],
  ["server"],
  ["cli", "testing"],
];

/** Where plugins and the executable stand, above them. */
export const PLUGINS_FLOOR = FLOORS.length;
export const ENTRY_FLOOR = PLUGINS_FLOOR + 1;

/** What the short names of deno.json stand for. */
export const ALIASES: Readonly<Record<string, string>> = {
  "#plugin": "src/plugin/mod.ts",
  "#testing": "src/testing/mod.ts",
};

/** Something that may be written, or imported, only in the places named. */
export interface Ban {
  /** What it is called in the complaint. */
  readonly what: string;
  /** Found in code, with comments and strings blanked out. */
  readonly code?: RegExp;
  /** Found as the specifier of an import. */
  readonly module?: RegExp;
  /** Beginnings of the paths where it is allowed. */
  readonly allowed: readonly string[];
  /** It counts only where the path begins with one of these; everywhere when left out. */
  readonly within?: readonly string[];
  /** Also allowed as `import type` in these. */
  readonly typesAllowed?: readonly string[];
}

const PURE = ["xml", "jid", "stanza", "proto", "sasl", "hook"].map((folder) => `src/${folder}/`);

/** The bans on production code (files of tests and scripts are free of them). */
export const BANS: readonly Ban[] = [
  { what: "Deno.listen", code: /\bDeno\s*\.\s*listen/, allowed: ["src/transport/", "src/http/"] },
  { what: "Deno.serve", code: /\bDeno\s*\.\s*serve\b/, allowed: ["src/http/"] },
  {
    what: "node:net and node:tls",
    module: /^(node:)?(net|tls)$/,
    allowed: ["src/transport/", "src/http/", "src/dns/"],
    typesAllowed: ["src/remote/"],
  },
  {
    what: "datagrams and questions to DNS",
    code: /\bDeno\s*\.\s*(listenDatagram|resolveDns)\b/,
    module: /^((node:)?(dgram|dns)(\/.*)?|dns-packet)$/,
    allowed: ["src/dns/", "src/transport/sd_notify.ts"],
  },
  { what: "node:sqlite", module: /^node:sqlite$/, allowed: ["src/storage/"] },
  {
    what: "hono",
    module: /^hono(\/|$)/,
    allowed: ["src/http/", "plugins/web/", "plugins/upload/", "plugins/rooms/", "plugins/social/"],
    typesAllowed: ["src/plugin/"],
  },
  {
    what: "the environment and the command line",
    code: /\bDeno\s*\.\s*(env|args)\b|\bprocess\s*\.\s*(env|argv)\b/,
    allowed: ["src/cli/"],
  },
  { what: "console", code: /(?<![.\w$#])console\s*[.[]/, allowed: ["src/base/log.ts", "src/cli/"] },
  {
    what: "the time of day (take it from a Clock)",
    code: /\bDate\s*\.\s*now\b|\bnew\s+Date\s*(\(\s*\)|(?!\s*\())|(?<![.\w$#])performance\s*\.\s*now\b/,
    allowed: ["src/base/"],
  },
  {
    what: "timers (use Clock.after or the wheel)",
    code:
      /(?<![.\w$#])(setTimeout|setInterval|setImmediate)\b|\bAbortSignal\s*\.\s*timeout\b|\bprocess\s*\.\s*nextTick\b/,
    allowed: ["src/base/"],
  },
  { what: "timers", module: /^(node:)?timers(\/promises)?$/, allowed: [] },
  {
    what: "queueMicrotask",
    code: /(?<![.\w$#])queueMicrotask\b/,
    allowed: ["src/base/", "src/transport/", "src/session/", "src/stream/", "src/host/"],
  },
  { what: "Deno in a pure floor", code: /\bDeno\s*\./, within: PURE, allowed: [] },
  { what: "node: in a pure floor", module: /^node:(?!crypto$)/, within: PURE, allowed: [] },
  { what: "node:crypto in a pure floor", module: /^node:crypto$/, within: PURE, allowed: ["src/sasl/"] },
  {
    what: "clock, wheel or log in a pure floor",
    module: /(^|\/)base\/(clock|wheel|log)\.ts$/,
    within: PURE,
    allowed: [],
  },
  { what: "a module that is not in deno.json", module: /^(npm:|jsr:|https?:)/, allowed: [] },
  { what: "a global type changed", code: /\bdeclare\s+(global|module)\b/, allowed: [] },
];

/** Names of files and folders that say nothing. */
export const EMPTY_NAMES = /(^|_)(utils?|helpers?|common|misc|managers?)(_|$)/;
