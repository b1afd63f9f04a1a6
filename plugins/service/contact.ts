/** XEP-0157: whom to write to about the service, as a form in the host's disco#info (XEP-0128). */
import { buildForm, definePlugin, formTypeField, options, z } from "#plugin";

const FORM = "http://jabber.org/network/serverinfo";
const ABOUT = {
  abuse: "abuse of the service",
  admin: "the service in general; its administrators",
  feedback: "opinions and wishes",
  sales: "buying something",
  security: "security",
  status: "whether the service works",
  support: "help with using it",
} as const;
type About = keyof typeof ABOUT;
const KINDS = Object.keys(ABOUT) as About[];

// XEP-0157 §3 wants URIs; an address alone would be taken for a relative one.
const addresses = z.array(
  z.string().refine((uri) => URL.canParse(uri), {
    error: 'expected a URI such as "mailto:abuse@example.org" or "xmpp:admin@example.org"',
  }),
);

type Contacts = { readonly [K in About | `${About}-addresses`]?: string[] | undefined };

function shape(): Record<keyof Contacts, z.ZodOptional<typeof addresses>> {
  const entries = KINDS.flatMap((kind) => [
    [kind, addresses.optional().describe(`Where to write about ${ABOUT[kind]}: URIs.`)],
    [`${kind}-addresses`, addresses.optional().describe(`The same as \`${kind}\`, as the form calls it.`)],
  ]);
  return Object.fromEntries(entries);
}

export const contact = definePlugin({
  name: "contact",
  doc: "Tells everybody whom to write to about the service.",
  xeps: [[157, "1.1.1"], [128, "1.0.1"]],
  config: options(shape()),
  hosts: ["user", "component"],
  standard: true,
  setup(host) {
    const contacts: Contacts = host.config;
    const fields = KINDS.flatMap((kind) => {
      const values = [...new Set([...(contacts[kind] ?? []), ...(contacts[`${kind}-addresses`] ?? [])])];
      return values.length === 0 ? [] : [{ var: `${kind}-addresses`, type: "list-multi" as const, values }];
    });
    if (fields.length === 0) return;
    const form = buildForm({ type: "result", fields: [formTypeField(FORM), ...fields] });
    host.disco("host", { forms: ({ node }) => node === undefined ? [form] : undefined });
  },
});
