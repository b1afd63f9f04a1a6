/** What the tests of profiles share: a server where cards, pictures, nicknames and bookmarks are kept in step. */
import { createHash } from "node:crypto";
import type { TestClient, TestServer } from "#testing";
import type { Element } from "#plugin";
import { privateStorage } from "../../plugins/account/private.ts";
import { vcard } from "../../plugins/account/vcard.ts";
import { avatars } from "../../plugins/profile/avatars.ts";
import { bookmarks } from "../../plugins/profile/bookmarks.ts";
import { nicknames } from "../../plugins/profile/nicknames.ts";
import { vcard4 } from "../../plugins/profile/vcard4.ts";
import { ask, done, pubsubOf, world, type WorldOptions } from "./pubsub_world.ts";

export const DATA = "urn:xmpp:avatar:data";
export const METADATA = "urn:xmpp:avatar:metadata";
export const UPDATE = "vcard-temp:x:update";
export const VCARD4 = "urn:ietf:params:xml:ns:vcard-4.0";
export const VCARD4_NODE = "urn:xmpp:vcard4";
export const NICK = "http://jabber.org/protocol/nick";

export const PROFILE = [vcard, privateStorage, avatars, vcard4, nicknames, bookmarks];

export function profileWorld(options: WorldOptions = {}): Promise<TestServer> {
  return world({ ...options, plugins: [...PROFILE, ...options.plugins ?? []] });
}

export interface Picture {
  readonly data: string;
  readonly hash: string;
  readonly bytes: number;
}

/** A picture in PNG, as far as anybody here looks. */
export function picture(word: string, bytes = 40): Picture {
  const image = new Uint8Array(bytes).fill(7);
  image.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  image.set(new TextEncoder().encode(word), 8);
  return { data: image.toBase64(), hash: createHash("sha1").update(image).digest("hex"), bytes };
}

export const metadata = ({ hash, bytes }: Picture, more = "") =>
  `<metadata xmlns='${METADATA}'>${more}<info bytes='${bytes}' id='${hash}' type='image/png'/></metadata>`;
export const photo = ({ data }: Picture) => `<PHOTO><TYPE>image/png</TYPE><BINVAL>${data}</BINVAL></PHOTO>`;
export const cardOf = (inner: string) => `<vCard xmlns='vcard-temp'>${inner}</vCard>`;

/** The card of somebody; undefined where there is none. */
export async function readCard(client: TestClient, to = ""): Promise<Element | undefined> {
  const answer = await ask(client, "get", "<vCard xmlns='vcard-temp'/>", to);
  return answer.attr("type") === "result" ? answer.first() : undefined;
}

export const setCard = (client: TestClient, inner: string) => done(client, "set", cardOf(inner), "");

/** The items of a node, id and payload; none where the node is not there. */
export async function readItems(
  client: TestClient,
  node: string,
  to = "",
): Promise<readonly { readonly id: string; readonly payload: Element }[]> {
  const answer = await ask(client, "get", pubsubOf(`<items node='${node}'/>`), to);
  return (answer.first()?.child("items")?.elements() ?? [])
    .map((item) => ({ id: item.attr("id")!, payload: item.first()! }));
}

/** What the last presence in the inbox says of a picture: undefined where it says nothing. */
export function photoIn(client: TestClient, from: string): string | undefined {
  const said = client.inbox.filter((it) => it.name === "presence" && it.attr("from") === from);
  client.clear();
  return said.at(-1)?.child("x", UPDATE)?.childText("photo");
}
