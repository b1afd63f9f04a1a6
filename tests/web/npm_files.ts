/** Files of npm packages as they lie in Deno's cache, for a browser to load: fetched by Deno itself where they are not there. */

/** Packages of clients for browsers, and the versions that are tested against. */
const PACKAGES = { "strophe.js": "5.0.0", "converse.js": "14.0.0" } as const;

/** The folder of a package. */
export async function packageFolder(name: keyof typeof PACKAGES): Promise<string> {
  const version = PACKAGES[name];
  await deno("cache", "--no-config", `npm:${name}@${version}`);
  const { npmCache } = JSON.parse(await deno("info", "--json")) as { npmCache: string };
  return `${npmCache}/registry.npmjs.org/${name}/${version}`;
}

async function deno(...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  if (!success) throw new Error(`deno ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}
