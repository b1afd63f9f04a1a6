/** All checks, in the order in which they are made. A new one is a file here, and a line in this list. */
import { certificates } from "./certificates.ts";
import { configuration } from "./configuration.ts";
import type { Check } from "./finding.ts";
import { plugins } from "./plugins.ts";
import { ports } from "./ports.ts";
import { running } from "./running.ts";
import { storage } from "./storage.ts";

export const CHECKS: readonly Check[] = [configuration, plugins, certificates, ports, storage, running];
