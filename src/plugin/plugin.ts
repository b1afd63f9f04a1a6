/** A plugin is a value: a name, what it speaks, what it needs, its options, and one function that sets it up on a host. */
import type * as z from "zod";
import type { Maybe } from "../base/maybe.ts";
import type { Token } from "../hook/token.ts";
import type { HostScope } from "./host_scope.ts";

export interface Plugin<C = unknown> {
  /** The feature's plain word; also the name of its table in the configuration. */
  readonly name: string;
  /** One sentence for the reference. */
  readonly doc: string;
  /** The XEPs it speaks, with the versions that were read. */
  readonly xeps?: readonly (readonly [number: number, version: string])[];
  /** The RFCs, likewise. */
  readonly rfcs?: readonly string[];
  readonly config: z.ZodType<C>;
  /** The kinds of host it can run on: "user" (when left out), "component" for all others, or a kind by its name. */
  readonly hosts?: readonly string[];
  /** On every user host unless the configuration removes it. */
  readonly standard?: boolean;
  /** The plugin owns hosts of this kind: a service that user hosts bring, or only those that the configuration writes out. */
  readonly owns?: boolean | "written";
  readonly provides?: readonly Token[];
  /** Tokens of its own (points, events, services) for plugins from disk, which cannot import them. */
  readonly tokens?: object;
  /** Services it cannot do without; their providers are set up first. */
  readonly needs?: readonly Token[];
  /** Services it uses where they are there; their providers are set up first. */
  readonly wants?: readonly Token[];
  /** Plugins whose handlers come before its own within one phase; rarely needed. */
  readonly after?: readonly string[];
  /** Registers everything through the scope, which undoes it. May return something to dispose of. */
  setup(host: HostScope<C>): Maybe<void | Disposable | AsyncDisposable>;
}

/** Checks the types of a plugin, and says where it starts. */
export function definePlugin<C>(plugin: Plugin<C>): Plugin<C> {
  return Object.freeze(plugin);
}

/** A plugin whose options are of no interest where it is handled. */
export type AnyPlugin = Plugin<unknown>;

/**
 * What a file loaded from disk exports by default: it is given the plugin face, since it cannot import it, and by their
 * names the tokens of the plugins that have some.
 */
export type PluginFile<Face> = (
  api: Face,
  tokens: Readonly<Record<string, object>>,
) => AnyPlugin | readonly AnyPlugin[];
