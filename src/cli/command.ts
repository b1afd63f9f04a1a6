/** A command is a record: what it is called, what it says about itself, what it takes, and one function. */
import type { AnyPlugin } from "../plugin/plugin.ts";
import type { Terminal } from "./terminal.ts";

/** What exit codes mean (STANDARDS 3.3). */
export const EXIT = {
  ok: 0,
  /** Something did not work while it was done. */
  failed: 1,
  /** The command line or the configuration is wrong: the same again will not help. */
  usage: 2,
  notRunning: 3,
  /** A check found problems. */
  problems: 4,
} as const;

export type ExitCode = typeof EXIT[keyof typeof EXIT];

/** The groups of the overview, in its order. */
export const GROUPS = ["Serving", "Accounts", "Configuration", "Looking"] as const;

/** `--name`, `--name <value>`, or `--name <value...>` for several. */
export interface CommandOption {
  readonly flags: string;
  readonly line: string;
}

export interface Command {
  /** One word, or two: "user add". */
  readonly name: string;
  readonly group: typeof GROUPS[number];
  /** `<address>` must be there, `[name]` may. */
  readonly takes?: string;
  /** What it does, in the overview. */
  readonly line: string;
  /** What else a person wants to know: paragraphs. */
  readonly page?: string;
  /** What to type, and what comes of it. */
  readonly examples?: readonly (readonly [string, string])[];
  readonly options?: readonly CommandOption[];
  /** Whether it takes `--config`, `--data` and the others that say which server is meant. */
  readonly configured?: boolean;
  run(call: Call): Promise<ExitCode>;
}

/** One use of a command. */
export interface Call {
  readonly terminal: Terminal;
  /** The plugins that come with the program. */
  readonly plugins: readonly AnyPlugin[];
  /** The arguments it takes, in order. */
  readonly args: readonly (string | undefined)[];
  /** What was given of its options, by their names in camel case. */
  readonly options: Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
}

/** Why a command did not do what was asked: said to the person, with its exit code. */
export class Failure extends Error {
  override readonly name = "Failure";

  constructor(
    readonly exit: ExitCode,
    message: string,
    /** For programs, with `--json`. */
    readonly details: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
  }
}

/** An option's text. */
export function textOption({ options }: Call, name: string): string | undefined {
  const value = options[name];
  return typeof value === "string" ? value : undefined;
}

/** Whether a switch was given. */
export function isGiven({ options }: Call, name: string): boolean {
  return options[name] === true;
}

/** Says a result: to a program as JSON where `--json` was given, else to a person. */
export function say(call: Call, value: unknown, text: string): void {
  call.terminal.out(isGiven(call, "json") ? JSON.stringify(value, null, 2) : text);
}

/** An argument that must be there; the command line was checked before. */
export function argument({ args }: Call, index: number): string {
  return args[index] ?? "";
}
