/** Affiliations and roles (XEP-0045 §§8–10): what moderators, admins and owners ask of a room, and what it tells its occupants. */
import type { Element } from "#plugin";
import type { TestClient } from "#testing";
import { admin, ask, refused, ROOM, USER } from "./muc_world.ts";

/** Somebody by their address, and the affiliation that they get. */
export const affiliation = (jid: string, affiliation: string, inner = "") =>
  `<item jid='${jid}' affiliation='${affiliation}'>${inner}</item>`;

/** An occupant, and the role that they get. */
export const role = (nick: string, role: string, inner = "") =>
  `<item nick='${nick}' role='${role}'>${inner}</item>`;

export const reason = (text: string) => `<reason>${text}</reason>`;

/** Changes all of these by one request. */
export async function change(by: TestClient, ...items: string[]): Promise<void> {
  await ask(by, "set", admin(items.join("")));
}

/** Asks for that, and is refused. */
export async function refusedChange(
  by: TestClient,
  condition: string,
  type: string,
  ...items: string[]
): Promise<void> {
  await refused(by, "set", admin(items.join("")), condition, type);
}

/** The list of those with an affiliation or a role: `affiliation='member'`, `role='moderator'`. */
export async function listOf(by: TestClient, what: string): Promise<Element[]> {
  const list = await ask(by, "get", admin(`<item ${what}/>`));
  return list!.elements();
}

/** Asks for that, and may not know. */
export async function refusedList(by: TestClient, what: string): Promise<void> {
  await refused(by, "get", admin(`<item ${what}/>`), "forbidden", "auth");
}

/** The addresses on such a list, sorted. */
export async function jidsOf(by: TestClient, affiliation: string): Promise<(string | undefined)[]> {
  const list = await listOf(by, `affiliation='${affiliation}'`);
  return list.map((item) => item.attr("jid")).sort();
}

/** The pattern of what everybody is told of an occupant. */
export const occupant = (nick: string, item: string, inner = "") =>
  `<presence from='${ROOM}/${nick}'><x xmlns='${USER}'><item ${item}>${inner}</item></x></presence>`;

/** The same of somebody who had to go. `inner` is what the item has, and what follows it are the codes. */
export const gone = (nick: string, item: string, inner = "", ...codes: number[]) =>
  `<presence from='${ROOM}/${nick}' type='unavailable'><x xmlns='${USER}'><item ${item}>${inner}</item>` +
  `${codes.map((code) => `<status code='${code}'/>`).join("")}</x></presence>`;
