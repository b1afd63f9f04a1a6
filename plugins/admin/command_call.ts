/** One request of an execution: what the command may know of it, and what was submitted with it. */
import { type Form, formOf, type Query, type Role } from "#plugin";
import type { Call, Command, Stage } from "./api.ts";
import { badRequest } from "./command_faults.ts";
import type { Filled } from "./command_sessions.ts";

/** One request of an execution, as the command sees it. */
export class Calling implements Call {
  readonly from;
  readonly session;

  constructor(
    private readonly command: Command,
    { from, session }: Pick<Query, "from" | "session">,
    readonly role: Role,
    private readonly filled: readonly (Filled | undefined)[],
  ) {
    this.from = from;
    this.session = session;
  }

  of(stage: object): never {
    const at = this.command.stages?.indexOf(stage as Stage) ?? -1;
    const filled = this.filled[at];
    if (filled === undefined) throw new Error(`${this.command.node}: this stage has not been submitted yet`);
    return filled as never;
  }
}

export function formFor(stage: Stage, call: Call) {
  return typeof stage.form === "function" ? stage.form(call) : stage.form;
}

/** The values of the form in a request, or everything that is wrong with them. */
export function submitted(stage: Stage, call: Call, { payload }: Query): Filled {
  const form: Form | undefined = formOf(payload);
  // §3.5.1: a form that was called off counts as submitted.
  if (form === undefined || (form.type !== "submit" && form.type !== "cancel")) {
    throw badRequest("bad-payload", "the form must be submitted with this");
  }
  const read = formFor(stage, call).read(form);
  if ("problems" in read) throw badRequest("bad-payload", read.problems.map(({ text }) => text).join("; "));
  const wrong = stage.check?.(read.values, call);
  if (wrong !== undefined) throw badRequest("bad-payload", wrong);
  return read.values;
}
