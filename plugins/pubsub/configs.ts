/** Configurations as they are in memory: one object for all nodes that are alike, since most are. */
import { Lru } from "#plugin";
import { BASE, type NodeConfig } from "./node_config.ts";

/** Different ones that are remembered. */
const KEPT = 500;

export class Configs {
  readonly #known = new Lru<string, NodeConfig>(KEPT);

  /** The configuration with these values; what they leave out is as XEP-0060 has it. */
  of(values: Partial<NodeConfig>): NodeConfig {
    const config: NodeConfig = { ...BASE, ...values };
    const text = JSON.stringify(config);
    let known = this.#known.get(text);
    if (known === undefined) this.#known.set(text, known = Object.freeze(config));
    return known;
  }
}
