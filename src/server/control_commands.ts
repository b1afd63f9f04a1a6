/** The administration commands of hosts, for whoever runs the server. */
import {
  type OperatorCommand,
  type OperatorCommands,
  operatorCommands,
  OperatorFault,
  type OperatorField,
  type OperatorOutcome,
  type OperatorValues,
} from "../host/operator_commands.ts";
import { JsonError } from "../http/json.ts";
import { StanzaError } from "../stanza/error.ts";
import type { Server } from "./server.ts";

/** What came of a command: it was done, or (with `form`) this is what it asks for. */
export type CommandReport = { readonly outcome: OperatorOutcome } | {
  readonly form: readonly OperatorField[];
};

export class ControlCommands {
  constructor(private readonly server: Server) {}

  list(domain: string): OperatorCommand[] {
    return this.#of(domain).list().map(({ node, name }) => ({ node, name }));
  }

  /** With `show`, only says what is asked for. */
  async execute(domain: string, node: string, values: OperatorValues, show: boolean): Promise<CommandReport> {
    const commands = this.#of(domain);
    try {
      if (show) return { form: commands.form(node, values) ?? [] };
      return { outcome: await commands.run(node, values) };
    } catch (error) {
      if (error instanceof OperatorFault) {
        throw new JsonError(422, "bad-fields", error.message, { form: error.asked });
      }
      if (!(error instanceof StanzaError)) throw error;
      const missing = error.condition === "item-not-found";
      throw new JsonError(missing ? 404 : 422, error.condition, error.message);
    }
  }

  #of(domain: string): OperatorCommands {
    const host = this.server.hosts.get(domain.toLowerCase());
    if (host === undefined) throw new JsonError(404, "no-such-host", `${domain} is not served here`);
    const found = host.fittings.service(operatorCommands);
    if (found !== undefined) return found;
    throw new JsonError(501, "no-commands", `${domain} has no commands: its plugin "adhoc" is off`);
  }
}

/** The values in a request. Throws a JsonError where they are none. */
export function valuesIn(fields: unknown): OperatorValues {
  const values: Record<string, readonly string[]> = Object.create(null);
  for (const [name, value] of Object.entries(fields ?? {})) {
    const list: unknown[] = Array.isArray(value) ? value : [value];
    if (!list.every((it) => typeof it === "string")) {
      throw new JsonError(400, "bad-request", `the field ${name} is a text, or several`);
    }
    values[name] = list;
  }
  return values;
}
