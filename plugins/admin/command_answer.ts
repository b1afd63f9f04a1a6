/** What a client gets while it executes a command, and at its end (XEP-0050 §2.4, §4). */
import { el, type Element } from "#plugin";
import type { Command, Outcome } from "./api.ts";
import { COMMANDS_NS } from "./command_faults.ts";

export type Action = "prev" | "next" | "complete";

/** What may be done at a stage; the first but `prev` is what "execute" means there (§3.4). */
export function actionsAt(command: Command, stage: number): readonly Action[] {
  const onward: Action = stage + 1 < (command.stages?.length ?? 0) ? "next" : "complete";
  return stage > 0 ? [onward, "prev"] : [onward];
}

export function executing(command: Command, id: string, stage: number, form: Element): Element {
  const actions = actionsAt(command, stage);
  // In the order of the schema (§8).
  const listed = (["prev", "next", "complete"] as const).filter((action) => actions.includes(action));
  return commandElement(command.node, id, "executing", [
    el("actions", COMMANDS_NS, { execute: actions[0] }, listed.map((action) => el(action, COMMANDS_NS))),
    form,
  ]);
}

export function completed(command: Command, id: string, outcome: Outcome = {}): Element {
  const { info, warning, error, payload } = outcome;
  return commandElement(command.node, id, "completed", [
    payload,
    note("info", info),
    note("warn", warning),
    note("error", error),
  ]);
}

export function canceled(command: Command, id: string): Element {
  return commandElement(command.node, id, "canceled", []);
}

function note(type: string, text: string | undefined): Element | undefined {
  return text === undefined ? undefined : el("note", COMMANDS_NS, { type }, text);
}

function commandElement(
  node: string,
  sessionid: string,
  status: string,
  children: (Element | undefined)[],
): Element {
  // §3.6: the language the answer is in.
  return el("command", COMMANDS_NS, { node, sessionid, status, "xml:lang": "en" }, children);
}
