/** The command line of the benchmark: what may be said, and what is meant where nothing is said. */
import { parseArgs } from "node:util";

export const HELP = `usage: deno run -A tests/bench/load/run.ts [OPTIONS]
  --servers LIST   prosody-gengc, prosody, ejabberd, ejabberd-nospin, ours, ours-bundle,
                   metronome-original (default: prosody-gengc,ejabberd,ours)
  --name N --cmd C one more server, started by the shell command C, in which {port} {tlsport} {dir}
                   {domain} {cert} {key} {mam} (1 or 0) are filled in; it stays in the foreground
  --groups LIST    base (no TLS), tls, login, ws, idle-ws, mam, idle, idle-tls (STARTTLS), idle-direct (direct TLS), churn
                   (default: base)
  --only LIST      only these steps (names as in the table, e.g. chat,muc-50)
  --rounds N       alternating rounds (3)
  --quick          short steps, one round: to see that all works, not to measure
  --work DIR       scratch directory (xmpp-bench in $TMPDIR or /tmp)
  --out FILE       result lines (WORK/results.jsonl); --append keeps what is there
  --report FILE... print the table of these files, run nothing; --servers gives the columns' order
  --accounts N     accounts made before measuring (10000 with idle or churn, else 1000)
  --steps LIST     session counts of the idle groups (1000,5000,10000; with TLS 1000,5000)
  --metronome DIR  the built checkout of the original Metronome (or METRONOME_ORIGINAL)
  --lua BIN        the Lua that it was built for (lua5.3)
  --keep           leave the last run directory and its logs
`;

/** What a run was asked to do. */
export interface Options {
  readonly help: boolean;
  readonly servers: readonly string[];
  readonly custom: { readonly name: string; readonly command: string } | undefined;
  readonly groups: readonly string[];
  readonly only: readonly string[] | undefined;
  readonly rounds: number;
  readonly quick: boolean;
  readonly work: string;
  readonly out: string;
  readonly append: boolean;
  readonly report: readonly string[] | undefined;
  readonly accounts: number;
  readonly steps: string | undefined;
  readonly metronome: string | undefined;
  readonly lua: string;
  readonly keep: boolean;
}

const list = (text: string | undefined) => text?.split(",").map((name) => name.trim()).filter(Boolean);

/** Reads the arguments; throws with the offending option's name when one is unknown. */
export function readOptions(args: string[]): Options {
  const { values: said, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      ...Object.fromEntries(
        [
          "servers",
          "name",
          "cmd",
          "groups",
          "only",
          "rounds",
          "work",
          "out",
          "accounts",
          "steps",
          "metronome",
          "lua",
        ]
          .map((name) => [name, { type: "string" }] as const),
      ),
      ...Object.fromEntries(
        ["quick", "append", "report", "keep", "help"].map((name) => [name, { type: "boolean" }] as const),
      ),
    },
  });
  const text = (name: string) => typeof said[name] === "string" ? said[name] as string : undefined;
  const flag = (name: string) => said[name] === true;
  const quick = flag("quick");
  const groups = list(text("groups")) ?? ["base"];
  const command = text("cmd");
  const custom = command === undefined ? undefined : { name: text("name") ?? "custom", command };
  const many = groups.some((group) => group.startsWith("idle") || group === "churn");
  const work = text("work") ?? `${Deno.env.get("TMPDIR") ?? "/tmp"}/xmpp-bench`;
  return {
    help: flag("help"),
    servers: [
      ...(list(text("servers")) ?? (custom ? [] : ["prosody-gengc", "ejabberd", "ours"])),
      ...(custom ? [custom.name] : []),
    ],
    custom,
    groups,
    only: list(text("only")),
    rounds: Number(text("rounds") ?? (quick ? 1 : 3)),
    quick,
    work,
    out: text("out") ?? `${work}/results.jsonl`,
    append: flag("append"),
    report: flag("report") ? positionals : undefined,
    accounts: Number(text("accounts") ?? (many && !quick ? 10000 : 1000)),
    steps: text("steps"),
    metronome: text("metronome") ?? Deno.env.get("METRONOME_ORIGINAL"),
    lua: text("lua") ?? "lua5.3",
    keep: flag("keep"),
  };
}
