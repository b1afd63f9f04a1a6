/** What Movim asks before it does anything: what the account, the server and its services can do (STANDARDS 2.2, points 2 and 3). */
import { el, type Element } from "../../xml/element.ts";
import { readDiscoInfo, readDiscoItems } from "../../proto/disco.ts";
import type { Finding } from "../checks/finding.ts";
import { type Flow, ok, problem, PUBSUB, refusalOf, type Step } from "./step.ts";

const INFO = "http://jabber.org/protocol/disco#info";
const ITEMS = "http://jabber.org/protocol/disco#items";
const MOST = 30;

/** Without one of these, Movim warns and switches posts, stories and subscriptions off. */
const NEEDED = ["persistent-items", "multi-items"].map((it) => `${PUBSUB}#${it}`);
const WANTED: Readonly<Record<string, string>> = {
  [`${PUBSUB}#publish-options`]: "nodes get their configuration with the first post",
  [`${PUBSUB}#rsm`]: "blogs are read by pages",
  [`${PUBSUB}#subscribe`]: "blogs of others are followed",
  "urn:xmpp:mam:2": "what was said before",
  "urn:xmpp:bookmarks:1#compat": "rooms, for older clients too",
  "urn:xmpp:sid:0": "messages are told apart",
};
const WANTED_OF_SERVER: Readonly<Record<string, string>> = {
  "urn:xmpp:blocking": "blocking people",
  "urn:xmpp:carbons:2": "all devices see what is said",
  "urn:xmpp:extdisco:2": "calls through firewalls",
};

async function info(flow: Flow, to: string) {
  const answer = await flow.wire.ask("get", el("query", INFO), to);
  return readDiscoInfo(answer.child("query", INFO) ?? el("query", INFO));
}

function wanted(who: string, features: readonly string[], list: Readonly<Record<string, string>>): Finding[] {
  const missing = Object.entries(list).filter(([feature]) => !features.includes(feature));
  if (missing.length === 0) return [ok(`${who} has all that Movim uses`)];
  return missing.map(([feature, why]) => problem("warning", `${who} does not have ${feature}: ${why}`));
}

export const account: Step = {
  id: "account",
  line: "what the account can do",
  async run(flow) {
    const { features, identities } = await info(flow, flow.account.toString());
    const missing = NEEDED.filter((it) => !features.includes(it));
    const findings = missing.map((it) =>
      problem(
        "error",
        `the account does not have ${it}`,
        "Movim switches posts, stories and subscriptions off",
      )
    );
    if (!identities.some((it) => it.category === "pubsub" && it.type === "pep")) {
      findings.push(problem("error", "the account is no service of its own (XEP-0163)"));
    }
    return [
      ...findings,
      ...wanted("the account", features, WANTED),
      ...wanted("the server", (await info(flow, flow.account.domain)).features, WANTED_OF_SERVER),
    ];
  },
};

export const services: Step = {
  id: "services",
  line: "which services there are",
  async run(flow) {
    const answer = await flow.wire.ask("get", el("query", ITEMS), flow.account.domain);
    const list: Element = answer.child("query", ITEMS) ?? el("query", ITEMS);
    const found = { pubsub: [] as string[], upload: [] as string[], rooms: [] as string[] };
    for (const { jid } of readDiscoItems(list).slice(0, MOST)) {
      const { identities, features } = await info(flow, jid);
      const is = (category: string, type: string) =>
        identities.some((it) => it.category === category && it.type === type);
      if (is("pubsub", "service")) found.pubsub.push(jid);
      if (features.includes("urn:xmpp:http:upload:0")) found.upload.push(jid);
      if (is("conference", "text")) found.rooms.push(jid);
    }
    const comments = `comments.${flow.account.domain}`;
    flow.comments = found.pubsub.find((it) => it === comments) ?? found.pubsub[0];
    const services: [string, readonly string[], string][] = [
      ["communities", found.pubsub, "no service with the identity pubsub/service: no communities"],
      ["uploads", found.upload, "no upload service (XEP-0363): no pictures"],
      ["rooms", found.rooms, "no rooms"],
    ];
    return [
      found.pubsub.includes(comments)
        ? ok(`comments go to ${comments}`)
        : problem("warning", `there is no ${comments}`, "comments go to the account, or to another service"),
      ...services.map(([name, jids, text]) =>
        jids.length > 0 ? ok(`${name}: ${jids.join(", ")}`) : problem("warning", text)
      ),
    ];
  },
};

export const registration: Step = {
  id: "registration",
  line: "whether passwords can be changed and accounts removed",
  async run({ wire, account: { domain } }) {
    const NS = "jabber:iq:register";
    const answer = await wire.ask("get", el("query", NS), domain);
    const refusal = refusalOf(answer);
    if (refusal !== undefined) {
      return [problem("warning", `jabber:iq:register: ${refusal}`, "passwords cannot be changed in Movim")];
    }
    return [
      answer.child("query", NS)?.has("registered") === true
        ? ok("jabber:iq:register knows the account")
        : problem("warning", "jabber:iq:register does not say that the account is registered"),
    ];
  },
};
