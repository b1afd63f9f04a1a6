/** The option types of plugins: zod's, with our durations, sizes and secrets, so that plugins import one face only. */
import * as z from "zod";

export { z };
export {
  byteRate,
  cidr,
  domain,
  duration,
  jid as jidText,
  path,
  rate,
  secret,
  size,
  text,
} from "../config/schema.ts";
export type { Secret } from "../config/secret.ts";

/** A plugin's table: strict, and complete by its defaults when it is left out. */
export function options<S extends z.ZodRawShape>(shape: S) {
  return z.strictObject(shape).prefault({} as never);
}

/** A plugin without options. */
export const none = options({});

/** A path of the host's app on the web. */
export function webPath(standard: string): z.ZodType<string, string | undefined> {
  return z.string().refine((path) => /^(\/[A-Za-z0-9._~-]+)+$/.test(path), {
    error: `expected a path such as "${standard}"`,
  }).default(standard).describe("Where it is, below the address of the host.");
}
