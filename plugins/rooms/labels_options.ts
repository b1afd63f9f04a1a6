/** The labels of a host (XEP-0258): what they are called, what they look like, and to whom what bears them may go. */
import { decodeBase64, domain, jidText, options, text, z } from "#plugin";

/** XEP-0258, its schema: a name of a colour as CSS has it, or a hexadecimal one. */
const colour = () =>
  z.string().regex(/^([a-z]{1,30}|#[0-9A-Fa-f]{6})$/, {
    error: 'expected a colour such as "navy" or "#000080"',
  });

const Policy = z.strictObject({
  type: z.enum(["chat", "groupchat", "normal", "headline"]).optional().describe(
    "Only messages of this type.",
  ),
  affiliations: z.array(z.enum(["owner", "admin", "member", "none"])).min(1).optional().describe(
    "In rooms: only between people with one of these affiliations.",
  ),
  hosts: z.array(domain()).min(1).optional().describe("Only between people of these domains."),
  rooms: z.boolean().default(false).describe("Whether rooms of this server that belong to them count, too."),
  people: z.array(jidText()).min(1).optional().describe("Only between these addresses."),
  roster: z.boolean().default(false).describe("Only between people of whom one sees the other's presence."),
});

const Label = z.strictObject({
  selector: text().regex(/^[^|]+(\|[^|]+)*$/, { error: 'expected a name such as "Classified|SECRET"' })
    .describe("Its name, with the groups that it is in before it."),
  label: text().optional().describe("What marks messages, for programs; its name where this is left out."),
  ess: z.string().refine((it) => decodeBase64(it) !== undefined, { error: "expected Base64" }).optional()
    .describe("The same as an ESS security label (RFC 2634), in Base64."),
  colour: colour().optional().describe("Of the letters."),
  background: colour().optional().describe("Behind them."),
  default: z.boolean().default(false).describe("Whether messages without a label count as having this one."),
  policy: Policy.optional().describe(
    "To whom it may go; anybody where this is left out. All of it must hold.",
  ),
});

export type Policy = z.infer<typeof Policy>;
export type Label = z.infer<typeof Label>;

export const labelOptions = options({
  name: text().default("Metronome").describe("What the catalog is called."),
  description: text().optional().describe("What it says of itself."),
  restrictive: z.boolean().default(false).describe(
    "Whether clients are told to offer nothing else, and other labels are refused.",
  ),
  labels: z.array(Label).max(1000).refine((all) => all.filter((it) => it.default).length <= 1, {
    error: "one label can be the default, not several",
  }).optional().describe(
    "The labels, in the order in which they are shown; left out, some that everybody can use.",
  ),
});

export type LabelOptions = z.infer<typeof labelOptions>;

const UNCLASSIFIED: Label = { selector: "Unclassified", default: true };

function classified(
  name: string,
  [colour, background]: readonly [string, string],
  label: string,
  policy: Partial<Policy>,
): Label {
  return {
    selector: `Classified|${name}`,
    colour,
    background,
    label,
    default: false,
    policy: { rooms: false, roster: false, ...policy },
  };
}

/** What a host of people has, where nothing is configured. */
export function labelsOfPeople(host: string): readonly Label[] {
  return [
    UNCLASSIFIED,
    classified("SECRET", ["white", "blue"], "Confidential", { type: "chat" }),
    classified("CONTACTS", ["black", "cadetblue"], "Just for contacts", { roster: true }),
    classified("LOCAL", ["black", "magenta"], `Only for ${host}`, { hosts: [host] }),
  ];
}

/** What rooms have, where nothing is configured. */
export const LABELS_OF_ROOMS: readonly Label[] = [
  UNCLASSIFIED,
  classified("MODERATORS", ["black", "skyblue"], "Just for moderators", { affiliations: ["admin", "owner"] }),
  classified("MEMBERS", ["black", "aliceblue"], "Just for members", {
    affiliations: ["admin", "owner", "member"],
  }),
  classified("PRIVATE", ["black", "turquoise"], "Only for private messages", { type: "chat" }),
  classified("PUBLIC", ["black", "mediumaquamarine"], "Only for groupchats", { type: "groupchat" }),
];
