/** Debian's python3-slixmpp, a client library that nobody of us wrote, has its way with a running server. */
import { runClient } from "./client.ts";
import { startServer, target } from "./server.ts";

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

/** What a script's server is told beyond the rest. */
const FRAGMENTS: Readonly<Record<string, string>> = {
  component: `
[listen.component]
at = ["127.0.0.1:0"]

[host."gateway.localhost"]
kind = "component"
component.secret = "between the two of us"

[host.localhost.privilege.entities."gateway.localhost"]
roster = "both"
message = "outgoing"
presence = "managed_entity"
iq = { "urn:xmpp:ping" = "get" }

[host.localhost.delegation.namespaces."urn:example:weather"]
to = "gateway.localhost"
`,
  external_services: `
[host.localhost.external_services]
services = [
  { type = "stun", host = "stun.localhost" },
  { type = "turn", host = "turn.localhost", secret = "shared with the relay" },
]
`,
};

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
  "push",
  "commands",
  "external_services",
  "component",
  "rooms",
  "pubsub",
  "profile",
];

/** What Debian's Prosody has no module for, or another configuration than ours. */
const ONLY_OURS = ["push", "commands", "external_services", "component", "pubsub", "profile"];

for (const script of SCRIPTS) {
  Deno.test({
    name: `slixmpp: ${script}`,
    ignore: ignore || (target().name !== "metronome" && ONLY_OURS.includes(script)),
    async fn(t) {
      await using server = await startServer(FRAGMENTS[script]);
      await runClient(t, server, { program: python, args: ["-B", `${here}${script}.py`] });
    },
  });
}
