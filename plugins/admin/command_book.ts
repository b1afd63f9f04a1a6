/**
 * Which commands a host offers. While a reload is under way a plugin is there twice: the newer registration counts, and
 * the older one comes back where the reload fails.
 */
import type { HostScope } from "#plugin";
import type { Command, Commands } from "./api.ts";

export class CommandBook implements Commands {
  readonly #byNode = new Map<string, Command[]>();

  register(scope: Pick<HostScope<unknown>, "onStop">, command: Command): void {
    const { node } = command;
    this.#byNode.set(node, [...this.#byNode.get(node) ?? [], command]);
    scope.onStop(() => {
      const left = (this.#byNode.get(node) ?? []).filter((other) => other !== command);
      if (left.length === 0) this.#byNode.delete(node);
      else this.#byNode.set(node, left);
    });
  }

  find(node: string): Command | undefined {
    return this.#byNode.get(node)?.at(-1);
  }

  /** All of them, by name. */
  list(): Command[] {
    return [...this.#byNode.values()].map((registered) => registered.at(-1)!)
      .sort((a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
  }
}
