/** One schema of the whole file, made from the server's own options and from the plugins, services and listeners there are. */
import * as z from "zod";
import { type Option, optionOf } from "./options.ts";
import { text } from "./schema.ts";
import {
  dnsSchema,
  hostOnlyOptions,
  hostOptions,
  httpSchema,
  limitsSchema,
  listenSchema,
  metricsSchema,
  type PluginSchema,
  serverSchema,
  SERVICES,
  type ServiceSchema,
  tlsSchema,
} from "./settings.ts";

/** What there is to configure. A service may be given by its name alone. */
export interface Offer {
  readonly plugins: readonly PluginSchema[];
  readonly services: readonly (string | ServiceSchema)[];
  /** Kinds of listener, such as "c2s". */
  readonly listeners: readonly string[];
}

/** The offer, looked up. */
export interface Catalog {
  readonly plugins: ReadonlyMap<string, PluginSchema>;
  readonly services: ReadonlyMap<string, ServiceSchema>;
  readonly listeners: readonly string[];
  readonly schema: z.ZodObject;
  readonly root: Option;
  /** What `kind` may say. */
  readonly kinds: ReadonlySet<string>;
}

/** `plugins = […]` or `plugins = { add, remove }`. */
export const pluginsSchema = z.union([
  z.array(text()),
  z.strictObject({
    add: z.array(text()).default([]).describe("Plugins beside the default ones."),
    remove: z.array(text()).default([]).describe("Default plugins this host does without."),
  }),
]);

/** Makes the catalog. Throws for a plugin whose name is taken: that is a fault of the program. */
export function catalogOf(offer: Offer): Catalog {
  const plugins = new Map<string, PluginSchema>();
  for (const plugin of offer.plugins) {
    const core = Object.hasOwn(hostOptions, plugin.name) || Object.hasOwn(hostOnlyOptions, plugin.name);
    if (core || plugin.name === "plugins" || plugin.name === "services" || plugins.has(plugin.name)) {
      throw new Error(`the plugin name "${plugin.name}" is taken: give the plugin another`);
    }
    plugins.set(plugin.name, plugin);
  }
  const services = new Map(offer.services.map(serviceOf).map((service) => [service.name, service]));
  const owners = [...plugins.values()].filter((plugin) => plugin.owns === true).map((plugin) => plugin.name);
  const kinds = new Set(["user", ...services.keys(), ...owners]);
  const schema = rootSchema(plugins, services, offer.listeners, kinds);
  return { plugins, services, listeners: offer.listeners, schema, root: optionOf(schema), kinds };
}

function serviceOf(service: string | ServiceSchema): ServiceSchema {
  if (typeof service !== "string") return service;
  return SERVICES.find((it) => it.name === service) ?? { name: service, at: service, doc: "" };
}

function rootSchema(
  plugins: ReadonlyMap<string, PluginSchema>,
  services: ReadonlyMap<string, ServiceSchema>,
  listeners: readonly string[],
  kinds: ReadonlySet<string>,
): z.ZodObject {
  const tables = Object.fromEntries(
    [...plugins].map(([name, { config, doc }]) => {
      const table = config.optional();
      return [name, doc === undefined ? table : table.describe(doc)];
    }),
  );
  const standard = [...plugins.values()].filter((it) => it.standard === true).map((it) => it.name);
  const shared: Record<string, z.ZodType> = {
    ...hostOptions,
    plugins: pluginsSchema.prefault(standard).describe(
      'The plugins that are on: a list, or { add = ["…"], remove = ["…"] } to change the list beneath.',
    ),
    services: servicesSchema(services),
    ...tables,
  };
  const choices = [...kinds].map((it) => JSON.stringify(it));
  const kind = hostOnlyOptions.kind.meta({ expects: choices.join(" or "), example: "user" }).describe(
    'Whose host it is: "user" (people), or the service or plugin that owns it. Without it: the service it is ' +
      'for the host it belongs to, else "user".',
  );
  const described = z.strictObject(Object.fromEntries(listeners.map((kind) => [kind, listenSchema(kind)])));
  return z.strictObject({
    include: z.array(text()).default([]).describe(
      'More files to read, such as "conf.d/*.toml": sorted by name, from the folder of this file.',
    ),
    server: serverSchema.describe("The process."),
    listen: described.prefault({}).describe("Where connections are taken, one table a kind of listener."),
    tls: tlsSchema.describe("Certificates and versions of TLS."),
    limits: limitsSchema.describe("What one peer may cost."),
    dns: dnsSchema.describe("How other servers are found."),
    metrics: metricsSchema.describe("Who may read `/metrics`."),
    http: httpSchema.describe("How HTTP is served, on whatever ports."),
    defaults: z.strictObject(shared).prefault({}).describe("What every host starts from."),
    host: z.record(z.string(), z.strictObject({ ...hostOnlyOptions, kind, ...shared })).default({}).describe(
      "One table a host, by its domain: its own lines win over the defaults.",
    ),
  });
}

/** `services = { muc = "rooms", pubsub = false }`. */
export function servicesSchema(
  services: ReadonlyMap<string, ServiceSchema>,
): z.ZodType<Readonly<Record<string, boolean | string | undefined>> | undefined> {
  const place = z.union([z.boolean(), text()]).meta({
    expects: 'a label ("rooms"), a domain ("rooms.example.net"), "@" for the host itself, or false',
  });
  const shape = [...services.values()].map(({ name, at, doc }) =>
    [
      name,
      place.optional().meta({ example: at }).describe(
        `${doc} ${
          at === "@" ? "On the host itself" : `At ${at}.HOST`
        } unless this says otherwise; false is off.`
          .trim(),
      ),
    ] as const
  );
  return z.strictObject(Object.fromEntries(shape)).optional().describe(
    "Where the services of a user host are.",
  );
}
