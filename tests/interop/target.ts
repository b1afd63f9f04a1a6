/** What `startServer` has to know of a server program: how it is configured and how it says that it is ready. */
import type { Certificate } from "./certificate.ts";

/** Where the started server listens, all on 127.0.0.1. */
export interface Ports {
  readonly c2s: number;
  readonly c2sTls: number;
  readonly http: number | undefined;
  /** For external components, where there is one. */
  readonly component?: number | undefined;
}

/** A server program under test. */
export interface Target {
  readonly name: string;
  /** Writes the configuration into `dir` and says what to run. */
  prepare(dir: string, certificate: Certificate, fragment: string): Promise<Launch>;
}

/** A prepared start. */
export interface Launch {
  readonly program: string;
  readonly args: readonly string[];
  /** Sees every line of output; answers with the ports once the server is ready. */
  ready(line: string): Ports | undefined;
}
