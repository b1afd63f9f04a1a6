/**
 * XEP-0050: commands that any client can execute, found by disco, filled in as forms. Plugins register them; who may see
 * and execute which is its role, asked anew at every stage.
 *
 * Languages (§3.6): we speak one. A client whose person speaks another is better served in English than not at all, so
 * only what is no language tag is refused with `bad-locale`; every answer says that it is in English.
 */
import {
  definePlugin,
  defineSlot,
  type DiscoQuery,
  duration,
  type Element,
  type HostScope,
  type Identity,
  isPromise,
  type Item,
  type Jid,
  type Maybe,
  measureOf,
  operatorCommands,
  options,
  type Query,
  sessionUnbound,
  StanzaError,
  z,
} from "#plugin";
import { type Command, commands, type Outcome } from "./api.ts";
import { actionsAt, canceled, completed, executing } from "./command_answer.ts";
import { CommandBook } from "./command_book.ts";
import { Calling, formFor, submitted } from "./command_call.ts";
import { badRequest, COMMANDS_NS, notForYou, sessionExpired } from "./command_faults.ts";
import { OperatorDesk } from "./operator_desk.ts";
import { CommandSessions, type Execution } from "./command_sessions.ts";

const ACTIONS: ReadonlySet<string> = new Set(["execute", "cancel", "prev", "next", "complete"]);
/** How often executions that nobody goes on with are looked for. */
const SWEEP = 60_000;

const kept = defineSlot<CommandSessions>("commands");

const config = options({
  wait: duration().prefault("15 min").describe("How long a command waits for its next form."),
  each: z.number().int().min(1).max(100).default(10).describe(
    "Commands that one account may have waiting for their next form.",
  ),
});
type Config = z.infer<typeof config>;

export const adhoc = definePlugin({
  name: "adhoc",
  doc: "Commands that people execute with their clients, for administrators above all.",
  xeps: [[50, "1.3.0"], [4, "2.13.1"], [122, "1.0.2"]],
  config,
  hosts: ["user", "component"],
  standard: true,
  provides: [commands, operatorCommands],
  setup(host) {
    const book = new CommandBook();
    const desk = new Desk(host, book, host.hold(kept, () => new CommandSessions()));
    host.provide(commands, book);
    host.provide(operatorCommands, new OperatorDesk(host, book));
    host.feature(COMMANDS_NS);
    host.iq.set(COMMANDS_NS, "command", "host", (query) => desk.answer(query));
    host.disco("host", {
      identities: (query) => desk.identities(query),
      features: (query) => desk.features(query),
      items: (query) => desk.items(query),
    });
    host.on(sessionUnbound, ({ session }) => desk.gone(session.jid!.toString()));
    host.every(SWEEP, () => desk.sweep());
  },
});

class Desk {
  constructor(
    private readonly host: HostScope<Config>,
    private readonly book: CommandBook,
    private readonly sessions: CommandSessions,
  ) {}

  // --- discovery (§2.2) -------------------------------------------------------------------------------------------

  identities(query: DiscoQuery): Identity[] | undefined {
    if (query.node === COMMANDS_NS) {
      return [{ category: "automation", type: "command-list", name: "Commands" }];
    }
    const command = this.#asked(query);
    return command && [{ category: "automation", type: "command-node", name: command.name }];
  }

  features(query: DiscoQuery): string[] | undefined {
    if (query.node === COMMANDS_NS) return [COMMANDS_NS];
    return this.#asked(query) && [COMMANDS_NS, "jabber:x:data"];
  }

  items(query: DiscoQuery): Item[] | undefined {
    if (query.node !== COMMANDS_NS) return this.#asked(query) && [];
    return this.book.list().filter((command) => mayExecute(this.host, command, query.from))
      .map(({ node, name }) => ({ jid: this.host.domain, node, name }));
  }

  #asked({ node, from }: DiscoQuery): Command | undefined {
    const command = node === undefined ? undefined : this.book.find(node);
    if (command !== undefined && !mayExecute(this.host, command, from)) throw notForYou();
    return command;
  }

  // --- execution (§2.4) -------------------------------------------------------------------------------------------

  answer(query: Query): Maybe<Element> {
    const { payload, from, stanza } = query;
    const command = this.#command(query);
    const action = payload.attr("action") ?? "execute";
    if (!ACTIONS.has(action)) {
      throw badRequest("malformed-action", `"${action.slice(0, 80)}" is not an action`);
    }
    const lang = stanza.source.attr("xml:lang") ?? payload.attr("xml:lang") ?? "";
    if (lang !== "" && measureOf("xs:language", lang) === undefined) {
      throw badRequest("bad-locale", `"${lang.slice(0, 80)}" is not a language`);
    }
    const id = payload.attr("sessionid");
    if (id === undefined || id === "") {
      if (action === "execute") return this.#start(command, query);
      throw badRequest("bad-action", `"${action}" needs the sessionid of a command that is being executed`);
    }
    const now = this.host.clock.monotonic();
    const execution = this.sessions.find(id, command.node, from.toString(), now);
    if (execution.busy) {
      throw new StanzaError("unexpected-request", "what was submitted before is still being worked on");
    }
    if (action === "cancel") {
      this.sessions.end(execution);
      return canceled(command, id);
    }
    return this.#continue(command, execution, action, query);
  }

  #command({ payload, from }: Query): Command {
    const node = payload.attr("node");
    if (node === undefined || node === "") throw new StanzaError("bad-request", "the command needs a node");
    const command = this.book.find(node);
    if (command === undefined) throw new StanzaError("item-not-found", "there is no such command");
    if (!mayExecute(this.host, command, from)) throw notForYou();
    return command;
  }

  #start(command: Command, query: Query): Maybe<Element> {
    if (command.stages === undefined || command.stages.length === 0) {
      const id = this.sessions.newId();
      const outcome = command.run(this.#calling(command, query, []));
      return isPromise(outcome)
        ? outcome.then((o) => this.#done(command, id, query, o))
        : this.#done(command, id, query, outcome);
    }
    const { each } = this.host.config;
    const execution = this.sessions.open(command.node, query.from.toString(), each);
    return this.#show(command, execution, query);
  }

  #continue(command: Command, execution: Execution, action: string, query: Query): Maybe<Element> {
    const stage = command.stages?.[execution.stage];
    if (stage === undefined) {
      // A reload has changed the command.
      this.sessions.end(execution);
      throw sessionExpired();
    }
    this.#keep(execution);
    const allowed = actionsAt(command, execution.stage);
    const meant = action === "execute" ? allowed[0]! : action;
    if (!allowed.some((it) => it === meant)) {
      throw badRequest("bad-action", `only ${allowed.join(" or ")} or cancel can be done here`);
    }
    if (meant === "prev") {
      execution.stage--;
      return this.#show(command, execution, query);
    }
    execution.filled[execution.stage] = submitted(
      stage,
      this.#calling(command, query, execution.filled),
      query,
    );
    if (meant === "complete") return this.#run(command, execution, query);
    execution.stage++;
    return this.#show(command, execution, query);
  }

  #show(command: Command, execution: Execution, query: Query): Element {
    const call = this.#calling(command, query, execution.filled);
    const stage = command.stages![execution.stage]!;
    const words = typeof stage.words === "function" ? stage.words(call) : stage.words;
    const form = formFor(stage, call).form(
      // §2.4.2: what was filled in before is remembered.
      execution.filled[execution.stage] as Record<string, never> | undefined ?? stage.values?.(call),
      { title: command.name, ...words },
    );
    this.#keep(execution);
    return executing(command, execution.id, execution.stage, form);
  }

  #run(command: Command, execution: Execution, query: Query): Maybe<Element> {
    const outcome = command.run(this.#calling(command, query, execution.filled));
    if (!isPromise(outcome)) return this.#end(command, execution, query, outcome);
    execution.busy = true;
    return outcome.then(
      (it) => this.#end(command, execution, query, it),
      (error) => {
        execution.busy = false;
        this.#keep(execution);
        throw error;
      },
    );
  }

  #calling(command: Command, query: Query, filled: Execution["filled"]): Calling {
    return new Calling(command, query, this.host.accounts.role(query.from), filled);
  }

  #end(command: Command, execution: Execution, query: Query, outcome: Outcome | undefined): Element {
    this.sessions.end(execution);
    return this.#done(command, execution.id, query, outcome);
  }

  #done(command: Command, id: string, { from }: Query, outcome: Outcome | undefined): Element {
    if (command.role === "admin" || command.role === "operator") {
      this.host.log.info("command executed", { command: command.node, by: from.toString() });
    }
    return completed(command, id, outcome);
  }

  // --- the end of it ----------------------------------------------------------------------------------------------

  #keep(execution: Execution): void {
    this.sessions.keep(execution, this.host.clock.monotonic() + this.host.config.wait);
  }

  gone(requester: string): undefined {
    this.sessions.endAll(requester);
  }

  sweep(): undefined {
    this.sessions.sweep(this.host.clock.monotonic());
  }
}

function mayExecute(host: HostScope<unknown>, { role, also }: Command, who: Jid): boolean {
  return host.may(who, role) || also?.(who) === true;
}
