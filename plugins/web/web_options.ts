/** Options that the web plugins have in common. */
import { z } from "#plugin";

/** Whose pages may use it, as a browser says it in `Origin` (RFC 6454 §6.2). */
export function originList(what: string): z.ZodType<readonly string[], readonly string[] | undefined> {
  const origin = z.string().refine((text) => text === "*" || /^[a-z][a-z0-9+.-]*:\/\/[^/\s]+$/.test(text), {
    error: 'expected an origin such as "https://chat.example.org", or "*" for all',
  });
  return z.array(origin).prefault(["*"]).describe(
    `${what} "*" is all: nothing that a browser sends by itself lets anybody in.`,
  );
}

/** For proxies that take TLS off and do not say so. */
export function treatAsSecure(): z.ZodType<boolean, boolean | undefined> {
  return z.boolean().default(false).describe(
    "Whether requests without TLS count as protected: for a proxy in front that takes TLS off and does not say so.",
  );
}

/** Where clients shall go instead. */
export function elsewhere(scheme: "wss" | "https"): z.ZodType<string | undefined, string | undefined> {
  return z.string().refine((uri) => URL.canParse(uri), { error: "expected an address" }).optional().meta({
    example: `${scheme}://chat2.example.org/`,
  }).describe(
    "An address where clients are sent instead: new ones at once, those that are here when the server stops.",
  );
}
