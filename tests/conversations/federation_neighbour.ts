/** What a.test and b.test do in the tests of dialback and of our own streams: alice writes there, or b.test comes to us. */
import type { TestAnswerer, TestClient, TestNetwork, TestPeer, TestServer } from "#testing";
import { alone, DIALBACK, EXTERNAL, SASL_NS, STARTTLS, trusted, untrusted } from "./federation_world.ts";

export interface Neighbours extends AsyncDisposable {
  readonly a: TestServer;
  readonly network: TestNetwork;
  /** She is at a.test, with the resource "desk". */
  readonly alice: TestClient;
  /** The connections that we have made to b.test, in order. */
  readonly answers: TestAnswerer[];
  /** Alice sends this; the first connection to b.test. */
  call(stanzas: string): Promise<TestAnswerer>;
}

/** a.test with options of federation and alice online, and a b.test that answers as the test says. */
export async function neighbours(federation: Record<string, unknown> = {}): Promise<Neighbours> {
  const [a, network] = await alone(federation);
  const [alice] = await a.online("alice/desk");
  const answers = network.answers("b.test");
  const call = async (stanzas: string): Promise<TestAnswerer> => {
    await alice.send(stanzas);
    return answers[0]!;
  };
  return { a, network, alice, answers, call, [Symbol.asyncDispose]: () => a[Symbol.asyncDispose]() };
}

// --- streams of ours ----------------------------------------------------------------------------------------------

/** Begins TLS with us, and offers these features after it. */
export async function secured(
  b: TestAnswerer,
  certificate: ReturnType<typeof trusted>,
  features: string,
  id = "remote-id",
): Promise<void> {
  await b.greet(STARTTLS);
  await b.secure(certificate, features, id);
}

/** Shows a certificate that nobody believes, and offers dialback. */
export function offerDialback(b: TestAnswerer, id = "remote-id"): Promise<void> {
  return secured(b, untrusted(b.domain), DIALBACK, id);
}

/** Lets us in by our certificate. */
export async function letIn(b: TestAnswerer, features = "", after = ""): Promise<void> {
  await secured(b, trusted(b.domain), EXTERNAL + DIALBACK + features);
  b.expect(`<auth xmlns='${SASL_NS}' mechanism='EXTERNAL'>YS50ZXN0</auth>`);
  await b.succeed(after);
}

// --- streams of theirs --------------------------------------------------------------------------------------------

/** A peer without a certificate that anybody believes, whose stream is open. */
export async function stranger(a: TestServer, from = "b.test"): Promise<TestPeer> {
  const peer = a.peer({ certificate: untrusted(from) });
  await peer.openFrom(from);
  peer.clear();
  return peer;
}

/** One of b.test that has shown a key to a.test. */
export async function claimant(a: TestServer, key = "key"): Promise<TestPeer> {
  const peer = await stranger(a);
  await peer.claim("b.test", "a.test", key);
  return peer;
}
