/** What there is to test, in the order in which it is run: quick things first. */
import { prepareExecutable } from "./executable.ts";
import { exists, root } from "./tree.ts";

/** What a suite cannot do without. */
export interface Need {
  readonly name: string;
  /** Whether it is there; the exit code of this command. */
  readonly probe: readonly string[];
  /** Debian packages that bring it. */
  readonly packages: readonly string[];
}

/** A set of tests that one run of `deno test` goes through. */
export interface Suite {
  readonly name: string;
  readonly paths: readonly string[];
  /** Whether its files may run at the same time: those that only compute may. */
  readonly parallel: boolean;
  /** A file that is loaded before the tests, to run them with a part of the server replaced. */
  readonly preload?: string;
  /** Minutes after which it counts as hung. */
  readonly minutes: number;
  readonly needs?: readonly Need[];
  /** Makes what the tests run against; the variables they are told it by, and what it was, in words. */
  readonly prepare?: () => Promise<{ env: Record<string, string>; note: string }>;
}

const SLIXMPP: Need = {
  name: "python3-slixmpp",
  probe: ["/usr/bin/python3", "-c", "import slixmpp"],
  packages: ["python3", "python3-slixmpp"],
};

const PROSODY: Need = {
  name: "prosody",
  probe: ["/bin/sh", "-c", "test -x /usr/bin/prosody && lua5.4 -e 'require \"lunbound\"'"],
  packages: ["prosody", "lua5.4", "lua-unbound"],
};

const EJABBERD: Need = {
  name: "ejabberd",
  probe: ["test", "-x", "/usr/sbin/ejabberdctl"],
  packages: ["ejabberd"],
};

const CHROMIUM: Need = {
  name: "chromium",
  probe: ["test", "-x", "/usr/bin/chromium"],
  packages: ["chromium"],
};

const NGINX: Need = {
  name: "nginx",
  probe: ["test", "-x", "/usr/sbin/nginx"],
  packages: ["nginx-light"],
};

const KNOWN: readonly Suite[] = [
  { name: "unit", paths: ["src", "plugins", "scripts"], parallel: true, minutes: 10 },
  { name: "conversations", paths: ["tests/conversations"], parallel: true, minutes: 10 },
  {
    // AC-2.4-2: the same conversations, every stanza of them routed by a plugin.
    name: "routing",
    paths: ["tests/conversations"],
    preload: "tests/routing/replacement_router.ts",
    parallel: true,
    minutes: 10,
  },
  { name: "server", paths: ["tests/server"], parallel: false, minutes: 10 },
  { name: "interop", paths: ["tests/interop"], parallel: false, minutes: 15, needs: [SLIXMPP] },
  {
    name: "federation",
    paths: ["tests/federation"],
    parallel: false,
    minutes: 30,
    needs: [PROSODY, EJABBERD],
  },
  { name: "web", paths: ["tests/web"], parallel: false, minutes: 15, needs: [CHROMIUM, NGINX] },
  // The long run of the model plays for half an hour.
  { name: "durability", paths: ["tests/durability"], parallel: false, minutes: 90 },
  { name: "blackbox", paths: ["tests/blackbox"], parallel: false, minutes: 15, prepare: prepareExecutable },
];
/** Folders below tests/ without tests of their own. */
const NO_SUITE = ["bench"];

/** All suites whose files are there: the known ones, then any other folder below tests/. */
export function allSuites(): Suite[] {
  const suites: Suite[] = [];
  for (const suite of KNOWN) {
    const paths = suite.paths.filter(hasTests);
    if (paths.length > 0) suites.push({ ...suite, paths });
  }
  const taken = new Set(KNOWN.flatMap((suite) => suite.paths));
  for (const { name, isDirectory } of exists("tests") ? Deno.readDirSync(`${root}tests`) : []) {
    const path = `tests/${name}`;
    if (isDirectory && !taken.has(path) && !NO_SUITE.includes(name) && hasTests(path)) {
      suites.push({ name, paths: [path], parallel: false, minutes: 10 });
    }
  }
  return suites;
}

function hasTests(path: string): boolean {
  if (!exists(path)) return false;
  for (const entry of Deno.readDirSync(root + path)) {
    if (entry.isDirectory ? hasTests(`${path}/${entry.name}`) : entry.name.endsWith("_test.ts")) return true;
  }
  return false;
}
