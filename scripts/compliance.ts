/**
 * XEP-0479: the requirements of the XMPP Compliance Suites 2023 for servers, each answered from what plugins declare and,
 * for what the kernel does itself, from what its files say at their top. Nothing is answered by hand.
 */
import type { AnyPlugin } from "../src/plugin/plugin.ts";

/** A specification that a row asks for: declared by a plugin, by one of a family, or in the kernel. */
type Need =
  | { readonly xep: number; readonly by?: RegExp }
  | { readonly rfc: string }
  | { readonly kernel: string };

interface Row {
  readonly category: string;
  readonly level: "Core" | "Advanced" | "clients";
  readonly what: string;
  readonly needs: readonly Need[];
}

const xep = (number: number, by?: RegExp): Need => by === undefined ? { xep: number } : { xep: number, by };
const rfc = (name: string): Need => ({ rfc: name });
const kernel = (name: string): Need => ({ kernel: name });

/** Only what concerns servers, in the order of the suite. */
const ROWS: readonly Row[] = [
  { category: "Core", level: "Core", what: "Core features", needs: [kernel("RFC 6120")] },
  { category: "Core", level: "Core", what: "TLS", needs: [kernel("RFC 7590")] },
  { category: "Core", level: "Advanced", what: "Direct TLS", needs: [kernel("XEP-0368")] },
  { category: "Core", level: "Core", what: "Feature discovery", needs: [xep(30)] },
  { category: "Core", level: "Advanced", what: "Feature broadcasts", needs: [xep(115)] },
  { category: "Core", level: "Core", what: "Server extensibility", needs: [xep(114)] },
  { category: "Core", level: "Advanced", what: "Event publishing", needs: [xep(163)] },
  { category: "Web", level: "Core", what: "Web connection: WebSocket", needs: [rfc("RFC 7395")] },
  { category: "Web", level: "Core", what: "Web connection: BOSH", needs: [xep(206), xep(124)] },
  // Asked of clients; those on the web find nothing where the server does not publish it.
  { category: "Web", level: "clients", what: "Connection method discovery", needs: [xep(156)] },
  { category: "IM", level: "Core", what: "Core features", needs: [rfc("RFC 6121")] },
  { category: "IM", level: "Core", what: "User avatars and cards: vcard-temp", needs: [xep(54)] },
  { category: "IM", level: "Core", what: "Outbound message synchronization", needs: [xep(280)] },
  { category: "IM", level: "Core", what: "Group chat", needs: [xep(45)] },
  { category: "IM", level: "Core", what: "Invitations to group chats", needs: [xep(249)] },
  { category: "IM", level: "Core", what: "File upload", needs: [xep(363)] },
  { category: "IM", level: "Advanced", what: "User avatar compatibility", needs: [xep(398), xep(153)] },
  { category: "IM", level: "Advanced", what: "User blocking", needs: [xep(191)] },
  { category: "IM", level: "Advanced", what: "Bookmarks", needs: [xep(48), xep(402)] },
  {
    category: "IM",
    level: "Advanced",
    what: "Group chat: archive",
    needs: [xep(45), xep(313, /^(muc|room)/)],
  },
  { category: "IM", level: "Advanced", what: "Group chat: self-ping", needs: [xep(410)] },
  {
    category: "IM",
    level: "Advanced",
    what: "Persistent storage of private data by PubSub",
    needs: [xep(223)],
  },
  { category: "IM", level: "Advanced", what: "Private XML storage", needs: [xep(49)] },
  { category: "IM", level: "Advanced", what: "Stream management", needs: [xep(198)] },
  { category: "IM", level: "Advanced", what: "Message archive", needs: [xep(313, /^archive$/)] },
  { category: "Mobile", level: "Core", what: "Stream management", needs: [xep(198)] },
  { category: "Mobile", level: "Core", what: "Client state indication", needs: [xep(352)] },
  { category: "Mobile", level: "Advanced", what: "Third-party push", needs: [xep(357)] },
  { category: "A/V calling", level: "Core", what: "STUN and TURN discovery", needs: [xep(215)] },
];

const INTRODUCTION = `
## Compliance Suites 2023 (XEP-0479)

The rows that concern servers. "yes" means that all of a row's specifications are declared, or followed by the kernel, and on
without being asked for; "on request" that one of the plugins has to be listed, or a host written for it, first.
`;

/** The markdown text; `link` writes a specification. */
export function complianceTable(
  plugins: readonly AnyPlugin[],
  inKernel: ReadonlySet<string>,
  link: (name: string) => string,
): string {
  const lines = [
    INTRODUCTION,
    "| category | level | requirement | specifications | answer | by |",
    "|---|---|---|---|---|---|",
  ];
  for (const { category, level, what, needs } of ROWS) {
    const found = needs.map((need) => who(need, plugins, inKernel));
    const answer = found.some((it) => it === undefined)
      ? "no"
      : found.every((it) => it!.standard)
      ? "yes"
      : "on request";
    const by = [...new Set(found.flatMap((it) => it?.names ?? []))].join(", ");
    const specifications = needs.map((need) => link(nameOf(need))).join(", ");
    lines.push(`| ${category} | ${level} | ${what} | ${specifications} | ${answer} | ${by} |`);
  }
  return lines.join("\n");
}

/** Who follows a specification; undefined where nobody does. */
function who(
  need: Need,
  plugins: readonly AnyPlugin[],
  inKernel: ReadonlySet<string>,
): { names: string[]; standard: boolean } | undefined {
  if ("kernel" in need) {
    return inKernel.has(need.kernel) ? { names: ["the kernel"], standard: true } : undefined;
  }
  const found = plugins.filter(({ name, xeps = [], rfcs = [] }) =>
    "rfc" in need
      ? rfcs.includes(need.rfc)
      : xeps.some(([number]) => number === need.xep) && (need.by?.test(name) ?? true)
  );
  if (found.length === 0) return undefined;
  return {
    names: found.map(({ name }) => `\`${name}\``),
    // Services that every user host brings are there without being listed.
    standard: found.some(({ standard = false, owns }) => standard || owns === true),
  };
}

function nameOf(need: Need): string {
  if ("kernel" in need) return need.kernel;
  return "rfc" in need ? need.rfc : `XEP-${String(need.xep).padStart(4, "0")}`;
}
