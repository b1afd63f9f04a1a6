/** The configuration that a command is about: found, with the plugins from disk that it names, read and checked. */
import {
  defaultSettings,
  describeProblem,
  findConfig,
  type Origins,
  pluginFiles,
  type Problem,
  readSettings,
  REGISTRATION,
  serverFolders,
  type Settings,
} from "../config/mod.ts";
import { parseKey, setAt, type Tree } from "../config/key.ts";
import { parseValue } from "../config/toml.ts";
import { offerOf } from "../server/offer.ts";
import { PluginFiles } from "../server/plugin_files.ts";
import type { PluginSet } from "../server/plugin_set.ts";
import { type Call, type CommandOption, EXIT, Failure, isGiven, textOption } from "./command.ts";

/** Options of every command that is about a server. */
export const CONFIGURED: readonly CommandOption[] = [
  { flags: "--config <file>", line: "the configuration; without it, the first of `metronome config path`" },
  { flags: "--data <folder>", line: "the data folder, whatever the configuration says" },
  { flags: "--host <name>", line: "no configuration: this host, with everything by default" },
  { flags: "--register", line: "let everybody make an account, not only people on this machine" },
  { flags: "--set <key=value...>", line: "a line of the configuration, such as limits.depth=50" },
];

/** A configuration that was read. */
export interface Read {
  readonly settings: Settings;
  readonly origins: Origins;
  readonly warnings: readonly Problem[];
}

/** What came of reading: with settings, or with what is wrong. */
export interface Loaded {
  readonly read: Read | undefined;
  readonly problems: readonly Problem[];
  readonly plugins: PluginSet;
  /** The file; undefined for a start without any. */
  readonly path: string | undefined;
}

/** Reads the configuration of a call, as often as it is asked to. */
export class Configuration {
  readonly #call: Call;
  readonly #files: PluginFiles;
  readonly #overrides: Tree;

  constructor(call: Call) {
    this.#call = call;
    this.#files = new PluginFiles(call.plugins);
    this.#overrides = overridesOf(call);
    if (textOption(call, "config") !== undefined && textOption(call, "host") !== undefined) {
      throw new Failure(
        EXIT.usage,
        "--host is for a start without a configuration: leave it or --config out",
      );
    }
  }

  async load(): Promise<Loaded> {
    const { env } = this.#call.terminal;
    const host = textOption(this.#call, "host");
    const path = this.#path;
    const overrides = this.#overrides;
    const plugins = await this.#files.load(
      pluginFiles({ env, overrides, ...(path === undefined ? {} : { path }) }),
    );
    const offer = { ...offerOf([...plugins.all, ...plugins.standIns]), env, overrides };
    const outcome = path === undefined
      ? defaultSettings({
        ...offer,
        register: isGiven(this.#call, "register"),
        ...(host === undefined ? {} : { host }),
      })
      : readSettings({ ...offer, path });
    return "problems" in outcome
      ? { read: undefined, problems: outcome.problems, plugins, path }
      : { read: outcome, problems: [], plugins, path };
  }

  /** Where the control socket is, even when the configuration is broken just now. */
  get runFolder(): string {
    const { env } = this.#call.terminal;
    const path = this.#path;
    return serverFolders({ env, overrides: this.#overrides, ...(path === undefined ? {} : { path }) }).run;
  }

  get #path(): string | undefined {
    if (textOption(this.#call, "host") !== undefined) return undefined;
    return findConfig(this.#call.terminal.env, textOption(this.#call, "config"))?.path;
  }

  /** As `load`, for commands that can do nothing without settings. */
  async need(): Promise<Loaded & { readonly read: Read }> {
    const loaded = await this.load();
    if (loaded.read === undefined) throw unreadable(loaded.problems);
    return { ...loaded, read: loaded.read };
  }
}

/** All that is wrong with a configuration, a line each. */
export function unreadable(problems: readonly Problem[]): Failure {
  return new Failure(EXIT.usage, problems.map(describeProblem).join("\n"), { problems });
}

/** What the options of a command say over the file. */
function overridesOf(call: Call): Tree {
  const tree: Tree = {};
  const data = textOption(call, "data");
  if (data !== undefined) setAt(tree, ["server", "data"], data);
  if (isGiven(call, "register") && call.plugins.some(({ name }) => name === REGISTRATION.plugin)) {
    setAt(tree, ["defaults", REGISTRATION.plugin, REGISTRATION.option], REGISTRATION.everybody);
  }
  const { set = [] } = call.options;
  for (const line of Array.isArray(set) ? set as readonly string[] : []) {
    const equals = line.indexOf("=");
    const path = equals < 0 ? undefined : parseKey(line.slice(0, equals).trim());
    if (path === undefined) {
      throw new Failure(EXIT.usage, `--set ${line}: expected KEY=VALUE, such as limits.depth=50`);
    }
    const text = line.slice(equals + 1).trim();
    // What is no value of TOML is a text without its quotes, which a shell takes away easily.
    setAt(tree, path, parseValue(text) ?? text);
  }
  return tree;
}
