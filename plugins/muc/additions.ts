/** What plugins have added to rooms. While a reload is under way a plugin is there twice: the newer registration counts. */
import type { HostScope } from "#plugin";
import type {
  FieldOptions,
  Room,
  RoomCommand,
  RoomDisco,
  RoomField,
  RoomIqHandler,
  RoomValue,
  Spoken,
} from "./api.ts";

type Owner = Pick<HostScope<unknown>, "onStop">;

/** Things by name, of which the latest counts, and which go with their owners. */
class Register<T> {
  readonly #byName = new Map<string, T[]>();

  add(owner: Owner, name: string, it: T): void {
    this.#byName.set(name, [...this.#byName.get(name) ?? [], it]);
    owner.onStop(() => {
      const left = (this.#byName.get(name) ?? []).filter((other) => other !== it);
      if (left.length === 0) this.#byName.delete(name);
      else this.#byName.set(name, left);
    });
  }

  find(name: string): T | undefined {
    return this.#byName.get(name)?.at(-1);
  }

  *all(): IterableIterator<T> {
    for (const registered of this.#byName.values()) yield registered.at(-1)!;
  }
}

export interface AddedField {
  readonly field: RoomField;
  readonly options: FieldOptions<unknown>;
}

type HistorySource = (room: Room, most: number) => readonly Spoken[] | undefined;

export class Additions {
  readonly #fields = new Register<AddedField>();
  readonly #iqs = new Register<RoomIqHandler>();
  readonly #commands = new Register<RoomCommand>();
  readonly #histories = new Register<HistorySource>();
  readonly #discos: RoomDisco[] = [];

  field(owner: Owner, field: RoomField, options: FieldOptions<unknown> = {}): void {
    this.#fields.add(owner, field.name, { field, options });
  }

  fields(): Iterable<AddedField> {
    return this.#fields.all();
  }

  /** The value of rooms that say nothing else. */
  initial<T>(of: RoomValue<T>): T {
    return (this.#fields.find(of.name)?.options.initial as T | undefined) ?? of.initial;
  }

  iq(owner: Owner, type: "get" | "set", ns: string, name: string, handler: RoomIqHandler): void {
    this.#iqs.add(owner, `${type} ${name} ${ns}`, handler);
  }

  answering(type: string, ns: string, name: string): RoomIqHandler | undefined {
    return this.#iqs.find(`${type} ${name} ${ns}`);
  }

  command(owner: Owner, command: RoomCommand): void {
    this.#commands.add(owner, command.node, command);
  }

  commandOf(node: string): RoomCommand | undefined {
    return this.#commands.find(node);
  }

  commands(): Iterable<RoomCommand> {
    return this.#commands.all();
  }

  disco(owner: Owner, disco: RoomDisco): void {
    this.#discos.push(disco);
    owner.onStop(() => void this.#discos.splice(this.#discos.indexOf(disco), 1));
  }

  get discos(): readonly RoomDisco[] {
    return this.#discos;
  }

  history(owner: Owner, source: HistorySource): void {
    this.#histories.add(owner, "", source);
  }

  get historySource(): HistorySource | undefined {
    return this.#histories.find("");
  }
}
