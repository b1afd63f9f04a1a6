/** How the tests of archives ask, and what they are told. */
import type { Element } from "#plugin";
import type { TestClient } from "#testing";

export const MAM = "urn:xmpp:mam:2";
export const RSM = "http://jabber.org/protocol/rsm";
export const SID = "urn:xmpp:sid:0";
export const STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas";

export interface Fields {
  readonly [name: string]: string | readonly string[];
}

/** A query with a form and whatever else. */
export function query(id: string, fields: Fields = {}, rest = ""): string {
  const field = ([name, values]: [string, string | readonly string[]]) =>
    `<field var='${name}'>${[values].flat().map((value) => `<value>${value}</value>`).join("")}</field>`;
  const form = `<x xmlns='jabber:x:data' type='submit'>
    <field var='FORM_TYPE' type='hidden'><value>${MAM}</value></field>
    ${Object.entries(fields).map(field).join("")}</x>`;
  return `<iq type='set' id='${id}'><query xmlns='${MAM}' queryid='f27'>${
    Object.keys(fields).length === 0 ? "" : form
  }${rest}</query></iq>`;
}

export const set = (inner: string): string => `<set xmlns='${RSM}'>${inner}</set>`;

export interface Page {
  readonly ids: string[];
  readonly bodies: (string | undefined)[];
  readonly fin: Element;
}

/** What came before the answer, and the answer. */
export async function ask(client: TestClient, xml: string): Promise<Page> {
  await client.send(xml);
  const results: Element[] = [];
  while (client.inbox[0]?.child("result", MAM) !== undefined) {
    results.push(client.expectNext("<message/>").child("result", MAM)!);
  }
  const iq = client.expectNext(`<iq type='result'><fin xmlns='${MAM}'><set xmlns='${RSM}'/></fin></iq>`);
  return {
    ids: results.map((result) => result.attr("id")!),
    bodies: results.map((result) => forwarded(result).childText("body")),
    fin: iq.child("fin", MAM)!,
  };
}

export const forwarded = (result: Element): Element =>
  result.child("forwarded", "urn:xmpp:forward:0")!.child("message", "jabber:client")!;

/** The texts of everything that an account's archive has. */
export async function kept(client: TestClient, fields: Fields = {}): Promise<string[]> {
  client.clear();
  const { bodies } = await ask(client, query("kept", fields, set("<max>250</max>")));
  return bodies.map((body) => body ?? "");
}
