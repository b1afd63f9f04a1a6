/** All stages, in their order. A new one is a file here, and a line in this list. */
import { ping } from "./ping.ts";
import { certificate } from "./certificate.ts";
import { connection } from "./connection.ts";
import { names } from "./names.ts";
import type { Stage } from "./stage.ts";

export const STAGES: readonly Stage[] = [names, connection, certificate, ping];
