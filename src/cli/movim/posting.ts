/** Posts as Movim publishes, edits, reads and deletes them (STANDARDS 2.2, points 4 to 6). */
import { el, type Element } from "../../xml/element.ts";
import type { Finding } from "../checks/finding.ts";
import {
  ATOM,
  EVENT,
  type Fields,
  type Flow,
  FORMS,
  idsOf,
  ok,
  OWNER,
  owner,
  problem,
  publishing,
  PUBSUB,
  pubsub,
  refusalOf,
  RSM,
  type Step,
  tells,
  valueIn,
} from "./step.ts";

const BLOG: Fields = {
  persist_items: "true",
  max_items: "max",
  access_model: "open",
  publish_model: "publishers",
  send_last_published_item: "never",
  deliver_payloads: "true",
  notify_retract: "true",
  itemreply: "publisher",
  title: "A check",
};
const STORY: Fields = { ...BLOG, access_model: "presence", item_expire: "86400" };
const ALMOST_PRIVATE: Fields = {
  ...BLOG,
  access_model: "roster",
  publish_model: "subscribers",
  purge_offline: "false",
  notify_sub: "true",
};

/** Publishes what makes the node, and reads how it was made. */
async function make(flow: Flow, node: string, options: Fields, to?: string): Promise<Finding[]> {
  const { wire } = flow;
  const refusal = refusalOf(await wire.ask("set", publishing(node, "p1", "Post 1", options), to));
  if (refusal !== undefined) return [problem("error", `publishing with options: ${refusal}`)];
  flow.made.push({ to, node });
  const answer = await wire.ask("get", owner(el("configure", OWNER, { node })), to);
  const form = answer.child("pubsub", OWNER)?.child("configure")?.child("x", FORMS);
  if (form === undefined) {
    return [problem("error", `the node's configuration: ${refusalOf(answer) ?? "no form"}`)];
  }
  const found = Object.entries(options).flatMap(([name, value]): Finding[] => {
    const is = valueIn(form, name);
    if (same(is, value)) return [];
    if (is === undefined) return [problem("warning", `pubsub#${name} is not known there`)];
    const loses = name === "max_items" || name === "persist_items" || name === "access_model";
    return [
      problem(loses ? "error" : "warning", `pubsub#${name} is ${is}, not ${value} as it was asked for`),
    ];
  });
  return found.length > 0 ? found : [ok(`${Object.keys(options).length} options are as they were asked for`)];
}

function same(a: string | undefined, b: string): boolean {
  const plain = (text: string | undefined) => text === "true" ? "1" : text === "false" ? "0" : text;
  return plain(a) === plain(b);
}

export const publish: Step = {
  id: "publish",
  line: "a post with options, which make the node",
  async run(flow) {
    const { wire, node } = flow;
    const findings = await make(flow, node, BLOG);
    if (flow.made.length === 0) return findings;
    const again = refusalOf(await wire.ask("set", publishing(node, "p1", "Post 1", BLOG)));
    findings.push(
      again === undefined ? ok("the same options once more are right") : problem(
        "error",
        `the same options once more: ${again}`,
        "nothing can be posted after the first post",
      ),
    );
    const other = publishing(node, "p1", "Post 1", { ...BLOG, access_model: "whitelist" });
    const said = refusalOf(await wire.ask("set", other));
    findings.push(
      said === "conflict, precondition-not-met"
        ? ok("options that differ are refused: conflict, precondition-not-met")
        : problem("warning", `options that differ: ${said ?? "ignored"}, not conflict, precondition-not-met`),
    );
    return findings;
  },
};

export const models: Step = {
  id: "models",
  line: "stories, and nodes for some people",
  async run(flow) {
    const stories = await make(flow, `${flow.node}:stories`, STORY);
    const some = await make(flow, `${flow.node}:some`, ALMOST_PRIVATE);
    const name = (what: string) => (it: Finding): Finding => ({ ...it, text: `${what}: ${it.text}` });
    return [...stories.map(name("stories")), ...some.map(name("for a group"))];
  },
};

export const events: Step = {
  id: "events",
  line: "whether posts, edits and deletions are told",
  async run({ wire, node, made }) {
    if (made.length === 0) return [];
    const findings: Finding[] = [];
    const told = async (what: string, fits: (element: Element) => boolean): Promise<void> => {
      try {
        await wire.expect(fits, what, 5000);
        findings.push(ok(`${what} is told`));
      } catch {
        findings.push(problem("error", `${what} is not told`, "others see it only when they look again"));
      }
    };
    await wire.wants(node);
    await wire.ask("set", publishing(node, "p2", "Post 2"));
    await told("a post", tells(node, "item", "p2"));
    await wire.ask("set", publishing(node, "p2", "Post 2, edited"));
    await told("an edit", (it) => {
      if (!tells(node, "item", "p2")(it)) return false;
      const item = it.child("event", EVENT)?.first()?.first();
      return item?.child("entry", ATOM)?.childText("title") === "Post 2, edited";
    });
    const item = el("item", PUBSUB, { id: "p2" });
    const refusal = refusalOf(
      await wire.ask("set", pubsub(el("retract", PUBSUB, { node, notify: "true" }, [item]))),
    );
    if (refusal !== undefined) return [...findings, problem("error", `deleting a post: ${refusal}`)];
    await told("a deletion", tells(node, "retract", "p2"));
    return findings;
  },
};

export const reading: Step = {
  id: "reading",
  line: "pages both ways, and what is said of a node",
  async run({ wire, node, made }) {
    if (made.length === 0) return [];
    for (const id of ["p2", "p3", "p4", "p5"]) await wire.ask("set", publishing(node, id, id));
    const page = async (name: string, set: readonly Element[], wanted: string): Promise<Finding> => {
      const max = el("max", RSM, {}, "2");
      const query = pubsub(el("items", PUBSUB, { node, max_items: "2" }), el("set", RSM, {}, [max, ...set]));
      const answer = await wire.ask("get", query);
      const ids = idsOf(answer).toSorted().join(" ");
      const count = answer.child("pubsub", PUBSUB)?.child("set", RSM)?.childText("count");
      if (ids !== wanted) {
        return problem("error", `${name}: ${refusalOf(answer) ?? (ids || "nothing")}, not ${wanted}`);
      }
      return count === "5"
        ? ok(`${name}: ${ids} of 5`)
        : problem("warning", `${name}: the count is ${count ?? "missing"}`);
    };
    const info = await wire.ask(
      "get",
      el("query", "http://jabber.org/protocol/disco#info", { node }),
      wire.jid.split("/")[0],
    );
    const form = info.elements().flatMap((it) => it.elements()).find((it) => it.ns === FORMS);
    const missing = ["num_subscribers", "creation_date", "title"].filter((it) =>
      valueIn(form, it) === undefined
    );
    return [
      await page("the last page", [el("before", RSM)], "p4 p5"),
      await page("the page before a post", [el("before", RSM, {}, "p4")], "p2 p3"),
      await page("the page after a post", [el("after", RSM, {}, "p1")], "p2 p3"),
      missing.length === 0
        ? ok("the node says how many subscribe, and since when it is there")
        : problem("warning", `what is said of the node lacks ${missing.join(", ")}`),
    ];
  },
};

export const conditions: Step = {
  id: "conditions",
  line: "whether errors say what is wrong",
  async run({ wire, node }) {
    const tries: [string, Element, readonly string[]][] = [
      ["a node that is not there", pubsub(el("items", PUBSUB, { node: `${node}:none` })), ["item-not-found"]],
      [
        "a post that is not there",
        pubsub(el("retract", PUBSUB, { node }, [el("item", PUBSUB, { id: "none" })])),
        ["item-not-found"],
      ],
      [
        "a value that makes no sense",
        publishing(node, "p1", "x", { access_model: "nonsense" }),
        ["not-acceptable", "bad-request", "conflict"],
      ],
    ];
    const findings: Finding[] = [];
    for (const [name, query, expected] of tries) {
      const type = query.has("items") ? "get" : "set";
      const said = refusalOf(await wire.ask(type, query)) ?? "nothing";
      findings.push(
        expected.includes(said.split(",")[0]!)
          ? ok(`${name}: ${said}`)
          : problem("warning", `${name}: ${said}, not ${expected[0]}`),
      );
    }
    return findings;
  },
};

export const management: Step = {
  id: "management",
  line: "subscriptions and affiliations",
  async run({ wire, node, made, account }) {
    if (made.length === 0) return [];
    const jid = account.toString();
    const friend = `check-nobody@${account.domain}`;
    const one = el("affiliation", OWNER, { jid: friend, affiliation: "member" });
    const requests: [string, "get" | "set", Element, (answer: Element) => boolean][] = [
      ["subscribing", "set", pubsub(el("subscribe", PUBSUB, { node, jid })), () => true],
      [
        "one's subscriptions",
        "get",
        pubsub(el("subscriptions", PUBSUB)),
        (it) => it.toString().includes(node),
      ],
      [
        "a node's subscribers",
        "get",
        owner(el("subscriptions", OWNER, { node })),
        (it) => it.toString().includes(jid),
      ],
      ["making somebody a member", "set", owner(el("affiliations", OWNER, { node }, [one])), () => true],
      [
        "a node's affiliations",
        "get",
        owner(el("affiliations", OWNER, { node })),
        (it) => it.toString().includes(friend),
      ],
      ["unsubscribing", "set", pubsub(el("unsubscribe", PUBSUB, { node, jid })), () => true],
    ];
    const findings: Finding[] = [];
    for (const [name, type, query, holds] of requests) {
      const answer = await wire.ask(type, query, jid);
      const refusal = refusalOf(answer);
      if (refusal !== undefined) findings.push(problem("warning", `${name}: ${refusal}`));
      else if (!holds(answer)) {
        findings.push(problem("warning", `${name}: what was said before is not in it`));
      }
    }
    return findings.length > 0 ? findings : [ok("subscriptions and affiliations are set and read")];
  },
};

export const comments: Step = {
  id: "comments",
  line: "comments, which everybody may write",
  async run(flow) {
    const { wire, comments: to } = flow;
    if (to === undefined) return [problem("warning", "there is no service for comments")];
    const node = `urn:xmpp:microblog:0:comments/${flow.node}`;
    const findings = await make(flow, node, { ...BLOG, publish_model: "open" }, to);
    if (findings.some((it) => it.severity === "error")) return findings;
    const answer = await wire.ask("get", pubsub(el("items", PUBSUB, { node })), to);
    const item = answer.child("pubsub", PUBSUB)?.child("items")?.first();
    const publisher = item?.attr("publisher")?.split("/")[0];
    findings.push(
      publisher === flow.account.toString()
        ? ok("comments say who wrote them")
        : problem("warning", "comments do not say who wrote them", "itemreply=publisher is not followed"),
    );
    return findings;
  },
};

/** Deletes what was made; says what stays. */
export const cleaning: Step = {
  id: "deletion",
  line: "whether nodes can be deleted",
  async run({ wire, made }) {
    const findings: Finding[] = [];
    for (const { to, node } of made.splice(0)) {
      const refusal = refusalOf(await wire.ask("set", owner(el("delete", OWNER, { node })), to));
      if (refusal !== undefined) findings.push(problem("error", `${node} stays: ${refusal}`));
    }
    return findings.length > 0 ? findings : [ok("nothing of this check is left")];
  },
};
