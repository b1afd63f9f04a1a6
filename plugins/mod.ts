/** The catalog: the plugins that come with the server, a line each. Only the executable's entry imports it. */
import { internal } from "./auth/internal.ts";
import { ping } from "./service/ping.ts";
import { registration } from "./stream/registration.ts";
import { streamLimits } from "./stream/stream_limits.ts";

export default [
  internal,
  ping,
  registration,
  streamLimits,
] as const;
