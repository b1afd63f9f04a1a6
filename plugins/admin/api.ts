/**
 * What other plugins may know of administration: how they offer commands (XEP-0050). A command is data, with one function
 * that does it and, where needed, one a stage. Tokens and types only.
 *
 *     const GREETING = defineStage({ form: formShape("urn:example:greet", {
 *       text: { kind: "text", label: "What to say", required: true },
 *     }) });
 *     host.use(commands).register(host, {
 *       node: "greet", name: "Greet everybody", role: "admin", stages: [GREETING],
 *       run: (call) => ({ info: `said ${call.of(GREETING).text}` }),
 *     });
 */
import {
  type ClientSession,
  defineService,
  type Element,
  type FieldShape,
  type FilledOf,
  type FormShape,
  type FormWords,
  type HostScope,
  type Jid,
  type Maybe,
  type Role,
  type ValuesOf,
} from "#plugin";

type Fields = Record<string, FieldShape>;

/** Somebody is executing a command. */
export interface Call {
  /** Who it is: allowed to, checked at every stage. */
  readonly from: Jid;
  /** Their role on this host; "operator" for whoever uses the control tool, whose address is the host's. */
  readonly role: Role;
  /** Their session, where it is one of this server. */
  readonly session: ClientSession | undefined;
  /** What they submitted at a stage; only for stages that are behind them. */
  of<S extends Fields>(stage: Stage<S>): FilledOf<S>;
}

/** A form that must be filled in before the command goes on. */
export interface Stage<S extends Fields = Fields> {
  /** Or how it is made, where it depends on what the host has or on the stages before. */
  readonly form: FormShape<S> | ((call: Call) => FormShape<S>);
  /** What stands around the fields; the command's name is the title where none is given. */
  readonly words?: FormWords | ((call: Call) => FormWords);
  /** What is filled in already. */
  values?(call: Call): ValuesOf<S>;
  /** What is wrong with the values, for a person; the form itself has checked each of them. */
  check?(values: FilledOf<S>, call: Call): string | undefined;
}

/** How a command ended; texts are for a person. */
export interface Outcome {
  readonly info?: string | undefined;
  readonly warning?: string | undefined;
  /** It was completed and failed (XEP-0050 §3.5). Failures that trying again may mend are thrown as StanzaErrors. */
  readonly error?: string | undefined;
  /** A form of type "result", or anything else that clients show. */
  readonly payload?: Element | undefined;
}

/** A command of the host. */
export interface Command {
  /** The host has one command of this node. */
  readonly node: string;
  /** What people choose it by. */
  readonly name: string;
  /** The least role that may see it and execute it. */
  readonly role: Role;
  /** Who may as well: accounts of another host, say, which have no role here. */
  readonly also?: (who: Jid) => boolean;
  readonly stages?: readonly Stage[];
  /**
   * Does it. A StanzaError is the answer to what was submitted last: the person may correct that and submit it again.
   */
  run(call: Call): Maybe<Outcome | undefined>;
}

/** The commands of a host. */
export interface Commands {
  /** Offers a command for as long as the plugin is there whose scope this is. */
  register(scope: Pick<HostScope<unknown>, "onStop">, command: Command): void;
}

export const commands = defineService<Commands>("commands");

/** Gives a stage the types of its form, by which `Call.of` knows the values; nothing else. */
export const defineStage = <S extends Fields>(stage: Stage<S>): Stage<S> => stage;
