/** npm's @xmpp/client over TCP with STARTTLS and over direct TLS, the certificate verified. */
import { runClient } from "./client.ts";
import { startServer } from "./server.ts";

const SERVICES = `
[host.localhost.external_services]
services = [
  { type = "stun", host = "stun.localhost" },
  { type = "turn", host = "turn.localhost", secret = "shared with the relay" },
]
`;

for (const name of ["conversation", "devices"]) {
  const script = new URL(`xmpp_client/${name}.ts`, import.meta.url).pathname;
  for (const way of ["STARTTLS", "direct TLS"]) {
    Deno.test(`@xmpp/client over ${way}${way === "STARTTLS" ? "" : " (XEP-0368)"}: ${name}`, async (t) => {
      await using server = await startServer(name === "devices" ? SERVICES : "");
      const service = way === "STARTTLS"
        ? `xmpp://127.0.0.1:${server.c2s}`
        : `xmpps://127.0.0.1:${server.c2sTls}`;
      await runClient(t, server, {
        program: Deno.execPath(),
        args: ["run", "-A", "--quiet", "--cert", server.ca, script],
        env: { INTEROP_SERVICE: service },
      });
    });
  }
}
