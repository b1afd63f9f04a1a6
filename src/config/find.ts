/** Where the configuration and the folders are, by the conventions of systemd and XDG. Reads the file system only. */

/** The environment, given by the command line. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A place a configuration was looked for, and why. */
export interface Candidate {
  readonly path: string;
  readonly reason: string;
  readonly exists: boolean;
}

/** The places in the order they count: `--config`, $METRONOME_CONFIG, here, $XDG_CONFIG_HOME, /etc. */
export function configCandidates(env: Environment, option?: string): Candidate[] {
  const xdg = env.XDG_CONFIG_HOME ?? (env.HOME === undefined ? undefined : `${env.HOME}/.config`);
  const places: [string | undefined, string][] = [
    [option, "--config"],
    [env.METRONOME_CONFIG, "$METRONOME_CONFIG"],
    ["metronome.toml", "the current folder"],
    [xdg && `${xdg}/metronome/metronome.toml`, "$XDG_CONFIG_HOME"],
    ["/etc/metronome/metronome.toml", "/etc"],
  ];
  return places.flatMap(([path, reason]) =>
    path === undefined || path === "" ? [] : [{ path, reason, exists: isFile(path) }]
  );
}

/**
 * The configuration to read. One that was named, by option or variable, is the choice even when it is missing
 * (reading it then reports that); undefined when nothing is named and nothing found.
 */
export function findConfig(env: Environment, option?: string): Candidate | undefined {
  const candidates = configCandidates(env, option);
  return candidates.find((it) => it.reason === "--config" || it.reason === "$METRONOME_CONFIG" || it.exists);
}

/** The data and runtime folders for a configuration that names none. */
export function defaultFolders(
  env: Environment,
  config?: string,
): { data: string; run: (data: string) => string } {
  const system = config?.startsWith("/etc/") ?? false;
  const xdgConfig = env.XDG_CONFIG_HOME ?? (env.HOME && `${env.HOME}/.config`);
  const personal = config !== undefined && !!xdgConfig && config.startsWith(`${xdgConfig}/`);
  const share = env.XDG_DATA_HOME ?? `${env.HOME ?? "."}/.local/share`;
  const beside = config === undefined ? "data" : joinPath(folderOf(config), "data");
  const data = firstOf(env.STATE_DIRECTORY) ??
    (system ? "/var/lib/metronome" : personal ? `${share}/metronome` : beside);
  const run = firstOf(env.RUNTIME_DIRECTORY) ?? (system ? "/run/metronome" : undefined);
  return { data, run: (chosen) => run ?? joinPath(chosen, "run") };
}

/** systemd gives a list separated by colons when a unit names more than one. */
function firstOf(list: string | undefined): string | undefined {
  const first = list?.split(":")[0];
  return first === "" ? undefined : first;
}

function isFile(path: string): boolean {
  try {
    return !Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

/** The folder part of a path; "" for the current one. */
export function folderOf(path: string): string {
  const slash = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
  return slash < 0 ? "" : slash === 0 ? "/" : path.slice(0, slash);
}

/** `path` as seen from `folder`; absolute ones stay. */
export function joinPath(folder: string, path: string): string {
  if (folder === "" || /^(?:[/\\]|[A-Za-z]:[/\\])/.test(path)) return path;
  const plain = path.replace(/^(?:\.\/)+/, "");
  return folder.endsWith("/") ? folder + plain : `${folder}/${plain}`;
}
