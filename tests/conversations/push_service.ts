/** A push service for tests, and an account that is to be woken (XEP-0357). */
import assert from "node:assert/strict";
import type { Element } from "#plugin";
import { type RemotePeer, type TestClient, type TestOptions, type TestServer, testServer } from "#testing";
import { adhoc } from "../../plugins/admin/adhoc.ts";
import { carbons } from "../../plugins/im/carbons.ts";
import { message } from "../../plugins/im/message.ts";
import { offline } from "../../plugins/im/offline.ts";
import { presence } from "../../plugins/im/presence.ts";
import { roster } from "../../plugins/im/roster.ts";
import { subscription } from "../../plugins/im/subscription.ts";
import { push } from "../../plugins/push/push.ts";
import { disco } from "../../plugins/service/disco.ts";
import { clientState } from "../../plugins/stream/client_state.ts";
import { streamManagement } from "../../plugins/stream/stream_management.ts";

export const PLUGINS = [
  roster,
  presence,
  subscription,
  message,
  offline,
  carbons,
  disco,
  adhoc,
  clientState,
  streamManagement,
  push,
];
export const PUSH = "urn:xmpp:push:0";
export const SERVICE = "push-5.client.example";
export const NODE = "yxs32uqsflafdk3iuqo";
/** Real milliseconds. */
const PATIENCE = 5_000;

/** A push service: it takes what is published, or answers with an error. */
export class PushService {
  readonly #peer: RemotePeer;
  /** "result", or the error; also by node. */
  answer: string | ((node: string | undefined) => string) = "result";

  constructor(private readonly s: TestServer, readonly domain = SERVICE) {
    this.#peer = s.remote(domain);
  }

  /** Answers everything that has come; the notifications by their nodes. */
  async published(): Promise<{ node: string | undefined; notification: Element; pubsub: Element }[]> {
    const all = [];
    for (const iq of this.#peer.inbox.splice(0)) {
      const pubsub = iq.child("pubsub", "http://jabber.org/protocol/pubsub")!;
      const publish = pubsub.child("publish")!;
      const item = publish.child("item")!;
      assert.ok(item.attr("id"));
      const node = publish.attr("node");
      all.push({ node, notification: item.child("notification", PUSH)!, pubsub });
      const head = `from='${this.domain}' to='${iq.attr("from")}' id='${iq.attr("id")}'`;
      const answer = typeof this.answer === "string" ? this.answer : this.answer(node);
      await this.#peer.send(
        answer === "result" ? `<iq ${head} type='result'/>` : `<iq ${head} type='error'>${answer}</iq>`,
      );
    }
    return all;
  }

  /** The one thing that was published: what is encrypted comes when another thread has done that. */
  async one(): Promise<Element> {
    const until = performance.now() + PATIENCE;
    while (this.#peer.inbox.length === 0 && performance.now() < until) await this.s.settle();
    const all = await this.published();
    assert.equal(all.length, 1, `${all.length} notifications instead of one`);
    return all[0]!.notification;
  }

  /** How many were published, which are answered. */
  async count(): Promise<number> {
    return (await this.published()).length;
  }

  send(xml: string): Promise<void> {
    return this.#peer.send(xml);
  }
}

export const summary = (notification: Element): Record<string, string | undefined> => {
  const form = notification.child("x", "jabber:x:data");
  return Object.fromEntries(
    (form?.elements() ?? []).map((field) => [field.attr("var") ?? "", field.childText("value")]),
  );
};

export interface Setting extends AsyncDisposable {
  readonly s: TestServer;
  readonly service: PushService;
  readonly romeo: TestClient;
}

/** Juliet has enabled push, with `extra` in the request, and has gone; Romeo writes to her. */
export async function away(extra = "", attrs = "", options: TestOptions = {}): Promise<Setting> {
  const s = await testServer({ plugins: PLUGINS, ...options });
  const service = new PushService(s);
  const [romeo] = await s.clients("romeo/orchard");
  const juliet = await s.client("juliet/phone");
  await enable(juliet, extra, attrs);
  await juliet.close();
  return { s, service, romeo, [Symbol.asyncDispose]: () => s[Symbol.asyncDispose]() };
}

export async function enable(client: TestClient, extra = "", attrs = "", node = NODE): Promise<void> {
  await client.send(`<iq type='set' id='x42'>
    <enable xmlns='${PUSH}' jid='${SERVICE}' node='${node}'${attrs}>${extra}</enable></iq>`);
  client.expect("<iq type='result' id='x42'/>");
}

export const say = (client: TestClient, text: string, more = "") =>
  client.send(`<message to='juliet@a.test' type='chat'><body>${text}</body>${more}</message>`);

/** Juliet's phone, whose stream can be resumed, and what she must say for that. */
export async function phone(s: TestServer, resource: string): Promise<{ client: TestClient; id: string }> {
  const client = await s.client(`juliet/${resource}`);
  await client.send("<presence/><enable xmlns='urn:xmpp:sm:3' resume='true'/>");
  const id = client.expect("<enabled xmlns='urn:xmpp:sm:3' id='*'/>").attr("id")!;
  return { client, id };
}
