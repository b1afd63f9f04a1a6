/** The face of this folder: reading, checking, explaining and printing the configuration. */
export { type Address, formatAddress, parseAddress } from "./address.ts";
export { type Catalog, catalogOf, type Offer } from "./catalog.ts";
export { formatDuration, parseDuration } from "./duration.ts";
export { exampleToml } from "./example.ts";
export { explain, type Explanation } from "./explain.ts";
export { type Candidate, configCandidates, type Environment, findConfig } from "./find.ts";
export { jsonSchema } from "./json_schema.ts";
export { describeProblem, nearest, type Problem } from "./problems.ts";
export {
  type DefaultRequest,
  defaultSettings,
  type Origins,
  type Outcome,
  pluginFiles,
  readSettings,
  REGISTRATION,
  type Request,
  serverFolders,
} from "./read.ts";
export { configReference } from "./reference.ts";
export { REDACTED, Secret } from "./secret.ts";
export {
  type CertificatePaths,
  type HostSettings,
  LISTENERS,
  type ListenSettings,
  type PluginSchema,
  SERVICES,
  type ServiceSchema,
  type Settings,
} from "./settings.ts";
export { sameConfig } from "./same.ts";
export { show } from "./show.ts";
export { formatSize, parseSize } from "./size.ts";
export { type Origin, showOrigin } from "./sources.ts";
