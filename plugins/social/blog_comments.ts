/**
 * XEP-0277 §4: comments at the account itself. The first one makes the node, where the post is there and its commenter may read
 * it; the account owns it, and whoever may read the blog may read and write comments.
 */
import { definePlugin, Jid, none } from "#plugin";
import { personalServices, publishing } from "../pubsub/api.ts";
import { MICROBLOG } from "./names.ts";

const PREFIX = `${MICROBLOG}:comments/`;

export const blogComments = definePlugin({
  name: "blog_comments",
  doc: "Lets people comment on posts at the author's account, without the author having prepared for it.",
  config: none,
  standard: true,
  wants: [personalServices],
  setup(host) {
    if (host.find(personalServices) === undefined) return;
    host.at(publishing).guard({}, ({ service, node: name, by }): undefined => {
      if (!name.startsWith(PREFIX) || service.node(name) !== undefined) return;
      const blog = service.node(MICROBLOG);
      if (blog === undefined || !service.may(MICROBLOG, by, "retrieve")) return;
      if (service.item(MICROBLOG, name.slice(PREFIX.length)) === undefined) return;
      // What else it is like is known by its name.
      const { access_model, roster_groups_allowed } = blog.config;
      service.create(name, { config: { access_model, roster_groups_allowed }, limited: true });
      for (const [jid, affiliation] of blog.affiliations) {
        service.affiliate(name, Jid.parse(jid), affiliation);
      }
    });
  },
});
