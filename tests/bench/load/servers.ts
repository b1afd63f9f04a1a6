/** The servers that are known by name: how each is configured and started in the foreground. */
import type { Options } from "./options.ts";

/** What is filled into a command or a configuration template; all of it is text. */
export interface Place {
  readonly dir: string;
  readonly port: string;
  readonly tlsport: string;
  readonly webport: string;
  readonly domain: string;
  readonly cert: string;
  readonly key: string;
  readonly mam: "0" | "1";
}

/** A program to start: it replaces a shell, so its process id is the server's. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** A server to measure. */
export interface Server {
  readonly name: string;
  /** Whose accounts it starts from: servers that differ in flags only share them. */
  readonly seed: string;
  /** Accounts are made anew for each run, because its storage may have changed since. */
  readonly fresh: boolean;
  /** The mechanism of logins that only prepare a step. */
  readonly mech?: string;
  /** The host of its rooms, where that is not `conference.` and the domain. */
  readonly rooms?: string;
  command(place: Place): Promise<Command>;
}

const here = new URL(".", import.meta.url).pathname;
const root = new URL("../../../", import.meta.url).pathname;

/** All servers by name; `--cmd` adds one. */
export function servers(options: Options): Map<string, Server> {
  const known = [
    prosody("prosody", ""),
    // As packaged Prosody collects garbage from 5 % growth on; this one line makes it 3 to 6 times cheaper.
    prosody("prosody-gengc", 'gc = { mode = "generational" }'),
    ejabberd("ejabberd", []),
    ejabberd("ejabberd-nospin", ["+sbwt", "none", "+sbwtdcpu", "none", "+sbwtdio", "none"]),
    ours("ours", "mod.ts"),
    ours("ours-bundle", "dist/metronome.js"),
    original(options),
    ...(options.custom ? [shell(options.custom.name, options.custom.command)] : []),
  ];
  return new Map(known.map((server) => [server.name, server]));
}

/** Our own server, from source or from the bundle. */
function ours(name: string, entry: string): Server {
  return {
    name,
    seed: name,
    fresh: true,
    rooms: "muc.localhost",
    async command(place) {
      const config = await configure("metronome.toml", place, {
        // The peers' archives are off too, except where archives are measured.
        mam: place.mam === "1" ? "" : 'plugins = { remove = ["archive"] }',
        rooms: place.mam === "1" ? "" : "[defaults.muc_archive]\ndefault = false",
      });
      return {
        program: "deno",
        // The flags are those of `deno task start` and of the executable.
        args: [
          "run",
          "-A",
          "--v8-flags=--max-semi-space-size=4",
          "--config",
          `${root}deno.json`,
          `${root}${entry}`,
          "start",
          "--config",
          config,
        ],
        env: {},
      };
    },
  };
}

function prosody(name: string, gc: string): Server {
  return {
    name,
    seed: "prosody",
    fresh: false,
    async command(place) {
      const config = await configure("prosody.cfg.lua", place, {
        gc,
        mam: place.mam === "1" ? ' "mam",' : "",
      });
      return { program: "/usr/bin/prosody", args: ["-F", "--config", config], env: {} };
    },
  };
}

/** As the packaged ejabberdctl starts it, less the distribution: no node name, so no port of Erlang's own. */
function ejabberd(name: string, flags: readonly string[]): Server {
  const erlang = "+K true +P 250000".split(" ");
  const start = "-ejabberd quiet true -s ejabberd".split(" ");
  return {
    name,
    seed: "ejabberd",
    fresh: false,
    async command(place) {
      const archive = "  mod_mam:\n    default: always\n    db_type: sql\n";
      const config = await configure("ejabberd.yml", place, { mam: place.mam === "1" ? archive : "" });
      return {
        program: "/usr/bin/erl",
        args: [...erlang, ...flags, "-noinput", "-mnesia", "dir", `"${place.dir}/data"`, ...start],
        env: {
          ERL_LIBS: `/usr/lib/${Deno.build.arch}-linux-gnu`,
          ERL_MAX_PORTS: "32000",
          ERL_MAX_ETS_TABLES: "1400",
          ERL_CRASH_DUMP_BYTES: "0",
          EJABBERD_CONFIG_PATH: config,
          EJABBERD_LOG_PATH: `${place.dir}/server.log`,
          EJABBERD_PID_PATH: `${place.dir}/server.pid`,
          HOME: place.dir,
        },
      };
    },
  };
}

/** The original Metronome, where somebody has it built outside this repository. */
function original(options: Options): Server {
  return {
    name: "metronome-original",
    seed: "metronome-original",
    fresh: false,
    // It keeps plain passwords and derives SCRAM's key in Lua at each login, in about 50 ms.
    mech: "PLAIN",
    async command(place) {
      const source = options.metronome;
      if (!source) throw new Error("metronome-original: say where it is, --metronome DIR");
      const config = await configure("metronome.cfg.lua", place, { mam: place.mam === "1" ? ' "mam",' : "" });
      return {
        program: options.lua,
        args: [`${source}/metronome`, "--config", config],
        env: {
          METRONOME_SRCDIR: source,
          METRONOME_PLUGINDIR: `${source}/plugins/`,
          METRONOME_CFGDIR: place.dir,
          METRONOME_DATADIR: `${place.dir}/data`,
        },
      };
    },
  };
}

/** A server that is known by its command only. */
function shell(name: string, command: string): Server {
  return {
    name,
    seed: name,
    fresh: true,
    command: (place) =>
      Promise.resolve({
        program: "/bin/sh",
        args: ["-c", `exec ${fill(command, { ...place }, "{", "}")}`],
        env: {},
      }),
  };
}

/** Fills a template of `peers/` into the server's directory; answers with the file's path. */
async function configure(file: string, place: Place, extra: Record<string, string>): Promise<string> {
  const values = Object.entries({ ...place, ...extra }).map(([name, value]) => [name.toUpperCase(), value]);
  const text = await Deno.readTextFile(`${here}peers/${file}`);
  const path = `${place.dir}/${file}`;
  await Deno.writeTextFile(path, fill(text, Object.fromEntries(values), "@", "@"));
  return path;
}

function fill(text: string, values: Record<string, string>, open: string, close: string): string {
  return Object.entries(values).reduce(
    (out, [name, value]) => out.replaceAll(open + name + close, value),
    text,
  );
}
