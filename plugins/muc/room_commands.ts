/** Commands of rooms (XEP-0050): one form or none. Nothing is kept between its request and its submission. */
import {
  el,
  type Element,
  type FieldShape,
  formOf,
  type FormShape,
  isPromise,
  type Maybe,
  randomId,
  StanzaError,
} from "#plugin";
import type { RoomCommand, RoomQuery } from "./api.ts";
import type { House } from "./house.ts";
import { COMMANDS_NS } from "./names.ts";

export function runCommand(house: House, query: RoomQuery): Maybe<Element> {
  const { payload, room, from } = query;
  const node = payload.attr("node") ?? "";
  const command = house.additions.commandOf(node);
  if (command === undefined) throw new StanzaError("item-not-found", "there is no such command");
  if (!command.may(room, from)) throw new StanzaError("forbidden", "this command is not for you");
  const id = payload.attr("sessionid") ?? randomId();
  if (payload.attr("action") === "cancel") return answer(node, id, "canceled", []);
  const shape = command.form?.(room, from);
  const form = formOf(payload, "submit");
  if (shape !== undefined && form === undefined) return show(command, shape, id);
  const read = shape === undefined || form === undefined ? { values: {} } : shape.read(form);
  if ("problems" in read) {
    throw new StanzaError(
      "bad-request",
      read.problems.map(({ text }) => text).join("; "),
    );
  }
  const done = command.run(query, read.values as never);
  const complete = (result: Element | undefined): Element => answer(node, id, "completed", [result]);
  return isPromise(done) ? done.then(complete) : complete(done);
}

function show(
  { node, name }: RoomCommand,
  shape: FormShape<Record<string, FieldShape>>,
  id: string,
): Element {
  return answer(node, id, "executing", [
    el("actions", COMMANDS_NS, { execute: "complete" }, [el("complete", COMMANDS_NS)]),
    shape.form({}, { title: name }),
  ]);
}

function answer(
  node: string,
  sessionid: string,
  status: string,
  children: readonly (Element | undefined)[],
): Element {
  return el("command", COMMANDS_NS, { node, sessionid, status, "xml:lang": "en" }, children);
}
