/**
 * The commands of a host for whoever runs the server, who is asked for no password: the control socket is theirs alone. The same
 * forms are checked by the same rules as for clients; all stages are filled in at once.
 */
import {
  fieldOf,
  type Form,
  formOf,
  type HostScope,
  type OperatorCommands,
  OperatorFault,
  type OperatorField,
  type OperatorOutcome,
  type OperatorValues,
  readForm,
  StanzaError,
} from "#plugin";
import type { Command, Outcome, Stage } from "./api.ts";
import type { CommandBook } from "./command_book.ts";
import { Calling, formFor } from "./command_call.ts";
import type { Filled } from "./command_sessions.ts";

/** What is for administrators; the rest is about the account of who executes it, and an operator has none. */
const OURS: ReadonlySet<string> = new Set(["admin", "operator"]);

export class OperatorDesk implements OperatorCommands {
  constructor(private readonly host: HostScope<unknown>, private readonly book: CommandBook) {}

  list(): Command[] {
    return this.book.list().filter(({ role }) => OURS.has(role));
  }

  form(node: string, values: OperatorValues): readonly OperatorField[] | undefined {
    const { asked } = this.#fill(this.#find(node), values);
    return asked;
  }

  async run(node: string, values: OperatorValues): Promise<OperatorOutcome> {
    const command = this.#find(node);
    const { filled, problems, known, asked } = this.#fill(command, values);
    if (problems.length > 0) throw new OperatorFault(problems.join("\n"), asked ?? []);
    const unknown = Object.keys(values).filter((name) => !known.has(name));
    if (unknown.length > 0) {
      const there = known.size === 0 ? "it asks for nothing" : `it asks for: ${[...known].join(", ")}`;
      throw new OperatorFault(`there is no field ${unknown.join(", ")}; ${there}`, asked ?? []);
    }
    const outcome = await command.run(this.#calling(command, filled));
    this.host.log.info("command executed", { command: command.node, by: "the operator" });
    await this.host.flush();
    return described(outcome ?? {});
  }

  /** By its node, or by the end of it: `gate#ban`. */
  #find(node: string): Command {
    const all = this.list();
    const found = all.filter((command) =>
      command.node === node || command.node.endsWith(`/${node}`) || command.node.endsWith(`#${node}`)
    );
    const exact = found.find((command) => command.node === node);
    if (exact !== undefined) return exact;
    if (found.length === 1) return found[0]!;
    throw new StanzaError(
      "item-not-found",
      found.length === 0
        ? `there is no command "${node}"`
        : `"${node}" may be ${found.map((command) => command.node).join(" or ")}`,
    );
  }

  /** Stage after stage, as far as the values reach; `asked` is what the first of the others asks for. */
  #fill(command: Command, values: OperatorValues): {
    filled: Filled[];
    problems: string[];
    known: Set<string>;
    asked: OperatorField[] | undefined;
  } {
    const filled: Filled[] = [];
    const known = new Set<string>();
    let asked: OperatorField[] | undefined;
    for (const stage of command.stages ?? []) {
      const call = this.#calling(command, filled);
      const shape = formFor(stage, call);
      const shown = readForm(shape.form(stage.values?.(call)))!;
      asked = fieldsIn(shown);
      for (const { name } of asked) known.add(name);
      const read = shape.read(submission(shown, asked, values));
      const problems = "problems" in read ? read.problems.map(({ text }) => text) : [];
      if ("values" in read) {
        const wrong = (stage as Stage).check?.(read.values, call);
        if (wrong !== undefined) problems.push(wrong);
        else filled.push(read.values);
      }
      if (problems.length > 0) return { filled, problems, known, asked };
    }
    return { filled, problems: [], known, asked };
  }

  #calling(command: Command, filled: readonly Filled[]): Calling {
    return new Calling(command, { from: this.host.jid, session: undefined }, "operator", filled);
  }
}

function fieldsIn(form: Form): OperatorField[] {
  return form.fields.filter(({ var: name, type }) =>
    name !== undefined && name !== "FORM_TYPE" && type !== "fixed"
  )
    .map(({ var: name, label, type, required, desc, options, values }) => ({
      name: name!,
      label: label ?? name!,
      type: type ?? "text-single",
      required: required ?? false,
      note: desc,
      ...(options === undefined || options.length === 0 ? {} : { options }),
      values,
    }));
}

/** What was said, and for the rest what is in the form already. */
function submission(form: Form, fields: readonly OperatorField[], values: OperatorValues): Form {
  const said = fields.flatMap(({ name }) => {
    const given = values[name] ?? fieldOf(form, name)?.values ?? [];
    return given.length === 0 ? [] : [{ var: name, values: given }];
  });
  return { type: "submit", fields: said };
}

function described({ info, warning, error, payload }: Outcome): OperatorOutcome {
  const form = payload === undefined ? undefined : readForm(payload) ?? formOf(payload);
  const reported = form?.reported;
  return {
    info,
    warning,
    error,
    title: form?.title,
    fields: (form?.fields ?? []).filter(({ type }) => type !== "hidden").map((
      { label, var: name, values },
    ) => ({
      label: label ?? name ?? "",
      values,
    })),
    table: reported && {
      head: reported.map(({ label, var: name }) => label ?? name ?? ""),
      rows: (form?.items ?? []).map((item) =>
        reported.map(({ var: name }) => item.find((field) => field.var === name)?.values.join(", ") ?? "")
      ),
    },
  };
}
