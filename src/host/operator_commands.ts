/**
 * What whoever runs the server may have a host do by command: the host's own administration commands, whoever offers them, for
 * the control socket. Plain data, so that it can be said in JSON. A plugin provides it.
 */
import { defineService } from "../hook/token.ts";

export interface OperatorCommand {
  readonly node: string;
  readonly name: string;
}

/** Something that must or may be filled in. */
export interface OperatorField {
  readonly name: string;
  readonly label: string;
  /** As XEP-0004 calls them: "text-single", "list-multi", … */
  readonly type: string;
  readonly required: boolean;
  readonly note?: string | undefined;
  readonly options?: readonly { readonly value: string; readonly label?: string | undefined }[];
  /** What it is where nothing is said. */
  readonly values: readonly string[];
}

/** How it ended. */
export interface OperatorOutcome {
  readonly info?: string | undefined;
  readonly warning?: string | undefined;
  readonly error?: string | undefined;
  readonly title?: string | undefined;
  readonly fields: readonly { readonly label: string; readonly values: readonly string[] }[];
  readonly table?:
    | { readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] }
    | undefined;
}

/** What was filled in, by the names of the fields. */
export type OperatorValues = Readonly<Record<string, readonly string[]>>;

/** What is wrong with what was filled in, and what was asked for. */
export class OperatorFault extends Error {
  override readonly name = "OperatorFault";

  constructor(message: string, readonly asked: readonly OperatorField[]) {
    super(message);
  }
}

export interface OperatorCommands {
  list(): readonly OperatorCommand[];
  /** The form after those that the values fill in; undefined where none is left. */
  form(node: string, values: OperatorValues): readonly OperatorField[] | undefined;
  /** Throws an OperatorFault, or the StanzaError with which it was refused. */
  run(node: string, values: OperatorValues): Promise<OperatorOutcome>;
}

export const operatorCommands = defineService<OperatorCommands>("operator commands");
