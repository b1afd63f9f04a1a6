/** The server that the tests of the web talk to: everything standard, ports of the system's choice, two accounts. */
import { PLAIN, Serving } from "../server/rig.ts";

export const PASSWORD = "correct horse battery";

/** A running server with accounts; `host` goes into the table of the host. */
export async function webServer(host = "", more = ""): Promise<Serving> {
  const serving = await Serving.start(`${more}\n${PLAIN}\n[host."a.test"]\n${host}`);
  for (const name of ["alice", "bob"]) {
    const { code, err } = await serving.run(["user", "add", `${name}@a.test`], {
      input: [PASSWORD],
    });
    if (code !== 0) throw new Error(err);
  }
  return serving;
}
