/** Commands as a client executes them (XEP-0050). */
import type { Element } from "#plugin";
import type { TestClient } from "#testing";

export const COMMANDS = "http://jabber.org/protocol/commands";
const FORMS = "jabber:x:data";

/** The fields of a form as they are submitted: one value or several. */
export type Fields = Record<string, string | readonly string[]>;

/** A submitted form, as text. */
export function submission(fields: Fields, about?: string): string {
  const all = about === undefined ? fields : { FORM_TYPE: about, ...fields };
  const written = Object.entries(all).map(([name, value]) => {
    const values = [value].flat().map((text) => `<value>${text}</value>`).join("");
    return `<field var='${name}'>${values}</field>`;
  });
  return `<x xmlns='${FORMS}' type='submit'>${written.join("")}</x>`;
}

export class CommandClient {
  #id = 0;

  constructor(readonly client: TestClient, readonly to = "a.test") {}

  /** Sends a request and gives the whole answer. */
  async ask(attributes: string, children = ""): Promise<Element> {
    const id = `cmd${++this.#id}`;
    await this.client.send(
      `<iq type='set' to='${this.to}' id='${id}'><command xmlns='${COMMANDS}' ${attributes}>${children}</command></iq>`,
    );
    return this.client.expect(`<iq id='${id}'/>`);
  }

  /** Begins a command; gives the `<command/>` of the answer. */
  async start(node: string): Promise<Element> {
    return commandOf(await this.ask(`node='${node}' action='execute'`));
  }

  /** Goes on with it. */
  async go(command: Element, action: string, fields?: Fields): Promise<Element> {
    const { node, sessionid } = command.attrs;
    return await this.ask(
      `node='${node}' sessionid='${sessionid}' action='${action}'`,
      fields === undefined ? "" : submission(fields),
    );
  }

  /** The whole of a command of one form. */
  async execute(node: string, fields?: Fields): Promise<Element> {
    const started = await this.start(node);
    return fields === undefined ? started : commandOf(await this.go(started, "complete", fields));
  }

  /** As `execute`, where it goes wrong: the error's conditions and its text. */
  async failure(node: string, fields?: Fields): Promise<string> {
    const answer = fields === undefined
      ? await this.ask(`node='${node}'`)
      : await this.go(await this.start(node), "complete", fields);
    return failureOf(answer);
  }
}

export function commandOf(answer: Element): Element {
  const command = answer.child("command", COMMANDS);
  if (answer.attr("type") !== "result" || command === undefined) throw new Error(`no result: ${answer}`);
  return command;
}

/** What a person reads at the end. */
export function noteOf(command: Element): string {
  return command.childText("note") ?? "";
}

/** "modify bad-request bad-payload: why". */
export function failureOf(answer: Element): string {
  const error = answer.child("error");
  if (error === undefined) throw new Error(`no error: ${answer}`);
  const conditions = error.elements().filter((child) => child.name !== "text").map((child) => child.name);
  const text = error.elements().find((child) => child.name === "text")?.text ?? "";
  return `${error.attr("type")} ${conditions.join(" ")}: ${text}`;
}

/** The values of a field in the form of an answer. */
export function valuesOf(command: Element, field: string): string[] {
  const form = command.child("x", FORMS);
  const found = form?.elements().find((child) => child.name === "field" && child.attr("var") === field);
  return (found?.elements() ?? []).filter((child) => child.name === "value").map((child) => child.text);
}
