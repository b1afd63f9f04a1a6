/** Other people's programs that some tests need: looked for, and installed where that is possible. */
import type { Need } from "./suites.ts";

/** Why a need cannot be met, or undefined when it is. Installs Debian packages when run as root on a system that has them. */
export async function meet(need: Need): Promise<string | undefined> {
  if (await succeeds(need.probe)) return undefined;
  if (!await succeeds(["apt-get", "--version"])) {
    return `${need.name} is not installed, and there is no apt-get to install it`;
  }
  if (Deno.uid() !== 0) {
    return `${need.name} is not installed; as root: apt-get install ${need.packages.join(" ")}`;
  }
  console.log(`installing ${need.packages.join(" ")}`);
  const install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", ...need.packages];
  // Package lists may be missing, and a mirror may be busy for a moment.
  for (let attempt = 0; attempt < 3; attempt++) {
    if (await succeeds(install) && await succeeds(need.probe)) return undefined;
    await succeeds(["apt-get", "update", "-q"]);
  }
  return await succeeds(need.probe) ? undefined : `${need.name} could not be installed: ${install.join(" ")}`;
}

async function succeeds([program = "", ...args]: readonly string[]): Promise<boolean> {
  const command = new Deno.Command(program, {
    args,
    // In run level 1 Debian's packages do not start what they install: servers are started by the tests alone.
    env: { DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  });
  return await command.output().then(({ success }) => success, () => false);
}
