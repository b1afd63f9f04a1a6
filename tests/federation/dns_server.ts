/** The scripted name server of the suites here: see src/dns/dns_test_server.ts. */
export * from "../../src/dns/dns_test_server.ts";
