/** Plugins as tests of this folder configure them, and a folder of files that goes away. */
import type { Offer } from "./catalog.ts";
import { type Outcome, readSettings, type Request } from "./read.ts";
import { duration, rate, secret, size, z } from "./schema.ts";
import { describeProblem } from "./problems.ts";
import type { Settings } from "./settings.ts";

/** Every form of option, for tests that go through all of them. */
const archive = z.strictObject({
  keep: duration({ forever: Infinity }).prefault("90 days").describe("How long messages are kept."),
  most: z.number().int().min(1).default(500).describe("Messages a page."),
  largest: size().prefault("1 MiB").describe("The largest message that is kept."),
  speed: rate().prefault(10).describe("Queries a second."),
  always: z.boolean().default(true).describe("Whether everybody has one."),
  mode: z.enum(["memory", "disk"]).default("disk").describe("Where it is."),
  title: z.string().default("Archive").describe("Its name."),
  skip: z.array(z.string()).default([]).describe("Namespaces that are not kept."),
  key: secret().optional().describe("Encrypts it."),
  deep: z.strictObject({ level: z.number().default(1).describe("How deep.") }).prefault({}).describe(
    "A table inside.",
  ),
}).prefault({});

/** A small catalog: one plugin of every sort. */
export const OFFER: Offer = {
  plugins: [
    { name: "archive", standard: true, config: archive, doc: "Keeps messages." },
    { name: "ping", standard: true, config: z.strictObject({}), hosts: ["user", "component"] },
    { name: "filter", config: z.strictObject({ url: z.string().describe("Whom to ask.") }) },
    {
      name: "muc",
      config: z.strictObject({ rooms: z.number().default(10).describe("How many.") }).prefault({}),
      hosts: ["component"],
      owns: true,
    },
  ],
  services: ["muc", "pubsub", "upload"],
  listeners: ["c2s", "c2s-tls", "http"],
};

/** Writes the files into a new folder, calls with its path, and takes it away again. */
export function withFiles(files: Readonly<Record<string, string>>, run: (folder: string) => void): void {
  const folder = Deno.makeTempDirSync({ prefix: "metronome-config-" });
  try {
    for (const [name, text] of Object.entries(files)) {
      const path = `${folder}/${name}`;
      Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
      Deno.writeTextFileSync(path, text, { mode: 0o600 });
    }
    run(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** What a configuration of one text comes to. */
export function readText(text: string, more: Partial<Request> = {}): Outcome {
  let outcome: Outcome | undefined;
  withFiles({ "metronome.toml": text }, (folder) => {
    outcome = readSettings({ ...OFFER, env: {}, path: `${folder}/metronome.toml`, ...more });
  });
  if (outcome === undefined) throw new Error("not read");
  return outcome;
}

/** Settings that must be fine. */
export function fine(text: string, more: Partial<Request> = {}): Settings {
  const outcome = readText(text, more);
  if ("settings" in outcome) return outcome.settings;
  throw new Error(outcome.problems.map(describeProblem).join("\n"));
}

/** The lines of all problems, without the folder; empty when all is well. */
export function complaints(text: string, more: Partial<Request> = {}): string[] {
  const outcome = readText(text, more);
  return "settings" in outcome
    ? []
    : outcome.problems.map((it) => describeProblem(it).replace(/\/[^ ]*\//, ""));
}
