/** The testing face: a server in the test's own process and scripted clients, as `#testing`. */
export { anybody } from "./accounts.ts";
export type { CarrierOptions } from "./carrier.ts";
export { TestClient } from "./client.ts";
export { TestComponent } from "./component.ts";
export { testCertificate } from "./certificate.ts";
export { type Place, TestNetwork } from "./network.ts";
export { type PeerOptions, TestAnswerer, TestPeer } from "./peer.ts";
export { ManualClock } from "./clock.ts";
export { elementOf, matches } from "./match.ts";
export { RemotePeer } from "./remote.ts";
export { EVERYWHERE, PASSWORD, type TestOptions, TestServer, testServer } from "./server.ts";
