/** What clients with stream management do in these tests. */
import { PASSWORD, type TestClient, type TestServer } from "#testing";

export const NS = "urn:xmpp:sm:3";
const SASL = "urn:ietf:params:xml:ns:xmpp-sasl";

/** Enables stream management; the id to resume by. `max`: how many seconds the session shall wait for that. */
export async function enable(client: TestClient, ns = NS, max = "600"): Promise<string> {
  await client.send(`<enable xmlns='${ns}' resume='true' max='${max}'/>`);
  const enabled = client.expect(`<enabled xmlns='${ns}' resume='true' id='*' max='${max}'/>`);
  return enabled.attr("id")!;
}

/** A new connection, logged in and not bound. */
export async function arrive(server: TestServer, local: string): Promise<TestClient> {
  const client = server.connect();
  await client.open();
  await client.send(
    `<auth xmlns='${SASL}' mechanism='PLAIN'>${btoa(`\0${local}\0${PASSWORD}`)}</auth>`,
  );
  client.expect("<stream:features/>");
  client.expect(`<success xmlns='${SASL}'/>`);
  await client.open();
  client.expect(`<stream:features><sm xmlns='${NS}'/></stream:features>`);
  return client;
}
