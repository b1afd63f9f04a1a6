/**
 * XEP-0060: publish-subscribe as a service of its own, `pubsub.HOST`, and beside it `comments.HOST`, where clients of social
 * networks put what people say to each other's posts.
 *
 * Decisions where the standard leaves them open: one subscription an address (no multi-subscribe); items are in the order in
 * which they were published last; a page without a place is the latest items; who may not delete an item may not replace it;
 * a node that is not for somebody is not found by them; collections (XEP-0248) are not there.
 */
import { definePlugin, type HostScope, type Jid, none, options, z } from "#plugin";
import { commands } from "../admin/api.ts";
import * as api from "./api.ts";
import { hostService, ownServices } from "./api.ts";
import { KnownNodes } from "./known_nodes.ts";
import type { NodeConfig } from "./node_config.ts";
import { ownService } from "./own_service.ts";
import { RIGHTS } from "./rights.ts";
import { offerPending } from "./pending_command.ts";
import { limitOptions } from "./service_options.ts";

const serviceOptions = (create: "local" | "anyone" | "admins") =>
  options({
    create: z.enum(["local", "anyone", "admins"]).default(create).describe(
      "Who may make nodes: people of this host (local), anyone, or admins.",
    ),
    autocreate: z.boolean().default(true).describe(
      "Whether publishing to a node that is not there makes it.",
    ),
    autocreate_on_subscribe: z.boolean().default(false).describe(
      "Whether subscribing to a node that is not there makes it.",
    ),
    admins_own: z.boolean().default(true).describe("Whether administrators own every node."),
    guests: z.boolean().default(false).describe(
      "Whether temporary accounts may make nodes and subscribe.",
    ),
    ...limitOptions,
  });

const config = serviceOptions("local");
type ServiceOptions = z.infer<typeof config>;

export const pubsub = definePlugin({
  name: "pubsub",
  doc: "A service at which people publish and subscribe, such as communities and news.",
  xeps: [[60, "1.30.0"], [59, "1.0"], [413, "0.2.1"], [503, "0.3.0"]],
  config,
  hosts: ["pubsub"],
  owns: true,
  tokens: api,
  provides: [hostService],
  wants: [commands],
  setup: (host) => serve(host, {}),
});

export const comments = definePlugin({
  name: "comments",
  doc: "A service for what people say to each other's posts: its nodes are open to all.",
  xeps: [[60, "1.30.0"], [277, "0.6.5"]],
  config: serviceOptions("local"),
  hosts: ["comments"],
  owns: true,
  provides: [hostService],
  wants: [commands],
  setup: (host) =>
    serve(host, { publish_model: "open", itemreply: "publisher", send_last_published_item: "never" }),
});

/** What plugins need that have a service of their own. */
export const pubsubServices = definePlugin({
  name: "pubsub_services",
  doc: "Lets other plugins have publish-subscribe services of their own.",
  config: none,
  hosts: ["user", "component"],
  standard: true,
  provides: [ownServices],
  setup(host) {
    host.provide(ownServices, { rights: RIGHTS, open: (scope, options) => ownService(scope, options).face });
  },
});

function serve(host: HostScope<ServiceOptions>, base: Partial<NodeConfig>): void {
  const { config } = host;
  const { create, autocreate, autocreate_on_subscribe, admins_own, guests, idle, node, known, ...limits } =
    config;
  const names = new KnownNodes(known);
  const service = ownService(host, {
    limits,
    idle,
    guests,
    autocreate: { publish: autocreate, subscribe: autocreate_on_subscribe },
    creates: (jid) => allows(host, create, jid),
    defaults: (name) => ({ ...base, ...node, ...names.of(name) }),
    ...(admins_own ? { owned: "admin" as const } : {}),
  });
  host.provide(hostService, service.face);
  offerPending(host, service);
}

/** Whether somebody is one of those who may. */
function allows(host: HostScope<unknown>, who: "local" | "anyone" | "admins", jid: Jid): boolean {
  if (who === "anyone" || host.may(jid, "admin")) return true;
  // A host is nobody: what it publishes is what somebody made it publish, such as notifications (XEP-0357 §7).
  if (who === "admins" || jid.local === "") return false;
  return host.parent === undefined ? host.sibling(jid.domain) !== undefined : jid.domain === host.parent;
}
