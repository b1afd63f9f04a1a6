/** The options of an external component. */
import { duration, options, secret, size, z } from "#plugin";

export const config = options({
  secret: secret().describe("What the component must know to connect."),
  conflict: z.enum(["refuse", "replace", "share"]).default("refuse").describe(
    "When somebody connects while the component is connected: refuse the new connection, end the old one, or have both " +
      "(each address is then served by one of them).",
  ),
  wait: duration({ off: 0 }).prefault("30 s").describe(
    "How long stanzas wait for a component that is away, counted from when it went.",
  ),
  queue: z.number().int().min(0).default(1000).describe("Stanzas that wait for it at most."),
  queue_size: size().prefault("1 MiB").describe("How large they may be together."),
});

export type ComponentOptions = z.infer<typeof config>;
