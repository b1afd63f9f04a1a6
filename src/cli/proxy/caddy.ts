/** The configuration of Caddy (2.6 and later), which gets its certificates itself: a Caddyfile, or a part of one. */
import { type Backend, type Site, WELL_KNOWN } from "./sites.ts";

export function caddyConfig(sites: readonly Site[], backend: Backend): string {
  const to = "socket" in backend ? `unix/${backend.socket}` : backend.address;
  return sites.map((site) => {
    const everything = site.prefixes.includes("");
    const paths = everything ? [] : [
      ...site.prefixes.flatMap((prefix) => [prefix, `${prefix}/*`]),
      ...(site.discovery ? WELL_KNOWN : []),
    ];
    const matcher = everything ? "" : "@metronome ";
    return [
      `${site.name} {`,
      ...(everything ? [] : [`    @metronome path ${paths.join(" ")}`]),
      `    request_body ${matcher}{`,
      `        max_size ${site.largest}`,
      "    }",
      `    reverse_proxy ${matcher}${to} {`,
      "        # Answers pass through as they come.",
      "        flush_interval -1",
      "        header_up -Forwarded",
      "    }",
      "}",
    ].join("\n");
  }).join("\n\n");
}
