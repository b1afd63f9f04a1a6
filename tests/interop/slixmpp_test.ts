/** Debian's python3-slixmpp, a client library that nobody of us wrote, has its way with a running server. */
import { runClient } from "./client.ts";
import { startServer } from "./server.ts";

const here = new URL("slixmpp/", import.meta.url).pathname;
/** Debian's own Python, which has python3-slixmpp; another one may come first on the PATH. */
const python = Deno.env.get("METRONOME_PYTHON") ?? "/usr/bin/python3";

async function installed(): Promise<boolean> {
  const probe = new Deno.Command(python, { args: ["-c", "import slixmpp"], stdout: "null", stderr: "null" });
  return await probe.output().then(({ success }) => success, () => false);
}

const ignore = !(await installed());
if (ignore) {
  console.error(
    `slixmpp is not there for ${python}: its tests are skipped (apt-get install python3-slixmpp)`,
  );
}

const SCRIPTS = [
  "login",
  "account",
  "roster",
  "subscription",
  "presence",
  "message",
  "services",
  "resumption",
  "devices",
  "blocking",
  "archive",
];

for (const script of SCRIPTS) {
  Deno.test({
    name: `slixmpp: ${script}`,
    ignore,
    async fn(t) {
      await using server = await startServer();
      await runClient(t, server, { program: python, args: ["-B", `${here}${script}.py`] });
    },
  });
}
