/** AC-2.1-4: every affiliation and every verb, as docs/pubsub.md has it; the table there is the one the engine uses. */
import assert from "node:assert/strict";
import type { TestClient } from "#testing";
import { rightsTable } from "../../scripts/rights_table.ts";
import {
  ACCESS_MODELS,
  type AccessModel,
  PUBLISH_MODELS,
  type PublishModel,
} from "../../plugins/pubsub/node_config.ts";
import {
  affiliate,
  ask,
  configForm,
  create,
  DISCO_INFO,
  ownerOf,
  publish,
  publishing,
  pubsubOf,
  subscribe,
  world,
} from "./pubsub_world.ts";

/** The manual's table: by affiliation, then verb. */
function manual(): Map<string, Map<string, string>> {
  const text = Deno.readTextFileSync(new URL("../../docs/pubsub.md", import.meta.url));
  const lines = text.slice(text.indexOf("| verb |")).split("\n");
  const cells = (line: string) => line.split("|").slice(1, -1).map((cell) => cell.trim());
  const [, , ...affiliations] = cells(lines[0]!);
  const table = new Map(affiliations.map((affiliation) => [affiliation, new Map<string, string>()]));
  for (const line of lines.slice(2)) {
    if (!line.startsWith("|")) break;
    const [verb, , ...rights] = cells(line);
    rights.forEach((right, i) => table.get(affiliations[i]!)!.set(verb!, right));
  }
  return table;
}

const N = "n";
/** A request for each verb; for "retract" the item is `own` or `other`. */
const REQUESTS: Record<string, (item: string, me: string) => readonly ["get" | "set", string]> = {
  discover: () => ["get", `<query xmlns='${DISCO_INFO}' node='${N}'/>`],
  subscribe: (_, me) => ["set", pubsubOf(`<subscribe node='${N}' jid='${me}'/>`)],
  retrieve: () => ["get", pubsubOf(`<items node='${N}'/>`)],
  publish: () => ["set", publishing(N, undefined)],
  retract: (item) => ["set", pubsubOf(`<retract node='${N}'><item id='${item}'/></retract>`)],
  purge: () => ["set", ownerOf(`<purge node='${N}'/>`)],
  configure: () => ["set", ownerOf(`<configure node='${N}'>${configForm({ title: "x" })}</configure>`)],
  delete: () => ["set", ownerOf(`<delete node='${N}'/>`)],
  affiliate: () => [
    "set",
    ownerOf(`<affiliations node='${N}'><affiliation jid='x@a.test' affiliation='member'/></affiliations>`),
  ],
  manage: () => [
    "set",
    ownerOf(
      `<subscriptions node='${N}'><subscription jid='x@a.test' subscription='subscribed'/></subscriptions>`,
    ),
  ],
};

interface Case {
  readonly access: AccessModel;
  readonly model: PublishModel;
  readonly item: "own" | "other";
  readonly allowed: boolean;
}

/** What a cell says, case by case. */
function casesOf(right: string, verb: string): Case[] {
  const base = { access: "whitelist", model: "publishers", item: "own" } as const;
  switch (right) {
    case "yes":
      return [{ ...base, item: "other", allowed: true }];
    case "no":
      return [{ access: "open", model: "open", item: "own", allowed: false }];
    case "own":
      return [{ ...base, allowed: true }, {
        ...base,
        access: "open",
        model: "open",
        item: "other",
        allowed: false,
      }];
    case "model":
      return PUBLISH_MODELS.map((model) => ({ ...base, access: "open", model, allowed: model === "open" }));
    case "access":
      return ACCESS_MODELS.map((access) => ({
        ...base,
        access,
        allowed: access === "open" || (access === "authorize" && verb !== "retrieve"),
      }));
    default:
      throw new Error(`the manual says "${right}"`);
  }
}

async function prepare(
  owner: TestClient,
  me: TestClient,
  affiliation: string,
  { access, model }: Case,
): Promise<void> {
  await ask(owner, "set", ownerOf(`<delete node='${N}'/>`));
  await create(owner, N, { access_model: "open", publish_model: "open" });
  await publish(me, N, "own");
  await publish(owner, N, "other");
  await affiliate(owner, N, "me@a.test", affiliation);
  await ask(
    owner,
    "set",
    ownerOf(
      `<configure node='${N}'>${configForm({ access_model: access, publish_model: model })}</configure>`,
    ),
  );
}

Deno.test("AC-2.1-4: the table of the manual is the one the engine uses", () => {
  const text = Deno.readTextFileSync(new URL("../../docs/pubsub.md", import.meta.url));
  assert.ok(text.includes(rightsTable()), "docs/pubsub.md is out of date; run: deno task docs");
});

for (const [affiliation, verbs] of manual()) {
  Deno.test(`AC-2.1-4: what somebody may do who is "${affiliation}"`, async () => {
    await using server = await world();
    const [owner, me] = await server.clients("owner/x", "me/x");
    assert.deepEqual([...verbs.keys()], Object.keys(REQUESTS));
    for (const [verb, right] of verbs) {
      for (const one of casesOf(right, verb)) {
        await prepare(owner, me, affiliation, one);
        const [type, payload] = REQUESTS[verb]!(one.item, "me@a.test");
        const answer = await ask(me, type, payload);
        const what = `${affiliation}: ${verb} is ${right}, ${JSON.stringify(one)}: ${answer}`;
        assert.equal(answer.attr("type") === "result", one.allowed, what);
      }
    }
  });
}

Deno.test("XEP-0060 §17.4.4, publish model subscribers: who is subscribed may publish, and who only asked may not", async () => {
  await using server = await world();
  const [owner, me] = await server.clients("owner/x", "me/x");
  await create(owner, N, { publish_model: "subscribers" });
  const answer = () => ask(me, "set", publishing(N, undefined));
  assert.equal((await answer()).attr("type"), "error");
  await subscribe(me, N);
  assert.equal((await answer()).attr("type"), "result");
  await create(owner, "m", { publish_model: "subscribers", access_model: "authorize" });
  await subscribe(me, "m");
  assert.equal((await ask(me, "set", publishing("m", undefined))).attr("type"), "error");
});
