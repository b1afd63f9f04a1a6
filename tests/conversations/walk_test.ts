/** docs/stanza.md is true: its lists are what a stanza really walks through, in this order and nothing between. */
import { deepEqual, ok } from "node:assert/strict";
import catalog from "../../plugins/mod.ts";
import { type TestClient, testServer } from "#testing";

const root = new URL("../../", import.meta.url);
const STEP = /^\d+\. \*\*`(\w+)\.(\w+)`\*\*(?: at `(\w+)`)? \(`([\w/.]+)`\)/gm;

type Method = (this: unknown, ...args: unknown[]) => unknown;

interface Step {
  readonly owner: string;
  readonly method: string;
  /** The label of a point, for a method that is passed at several. */
  readonly at: string;
  readonly file: string;
}

/** The steps of the list under a heading. */
function stepsOf(heading: string): Step[] {
  const text = Deno.readTextFileSync(new URL("docs/stanza.md", root));
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
  ok(section !== undefined, `docs/stanza.md has no section "${heading}"`);
  const numbered = section.match(/^\d+\. /gm)?.length ?? 0;
  const steps = [...section.matchAll(STEP)].map(([, owner = "", method = "", at = "", file = ""]) => ({
    owner,
    method,
    at,
    file,
  }));
  deepEqual(steps.length, numbered, "a step that does not say which method it is");
  return steps;
}

function say({ owner, method, at }: Omit<Step, "file">): string {
  return `${owner}.${method}${at === "" ? "" : ` at ${at}`}`;
}

/** Puts itself in the place of methods, and notes when they are called. */
class Trace implements Disposable {
  readonly seen: string[] = [];
  #on = false;
  readonly #undo: (() => void)[] = [];

  static async of(steps: readonly Step[]): Promise<Trace> {
    const trace = new Trace();
    for (const [name, step] of new Map(steps.map((step) => [`${step.owner}.${step.method}`, step]))) {
      const module = await import(new URL(step.file, root).href) as Record<string, unknown>;
      const type = module[step.owner] as { readonly prototype: Record<string, Method> } | undefined;
      ok(type !== undefined, `${step.file} has no class ${step.owner}`);
      const holder = Object.hasOwn(type.prototype, step.method)
        ? type.prototype
        : type as unknown as Record<string, Method>;
      ok(Object.hasOwn(holder, step.method), `there is no ${name}`);
      trace.#watch(holder, step, steps.some((other) => other.owner === step.owner && other.at !== ""));
    }
    return trace;
  }

  /** From now on, until the test's client has got something. */
  begin(receiver: TestClient): void {
    const { carrier } = receiver;
    const write = carrier.write;
    carrier.write = (text) => {
      this.#on = false;
      return write.call(carrier, text);
    };
    this.#on = true;
  }

  [Symbol.dispose](): void {
    for (const undo of this.#undo) undo();
  }

  #watch(holder: Record<string, Method>, { owner, method }: Step, labelled: boolean): void {
    const original = holder[method]!;
    const note = (label: string) => {
      if (this.#on) this.seen.push(say({ owner, method, at: labelled ? label : "" }));
    };
    holder[method] = function (...args) {
      note(String((this as { label?: string }).label));
      return original.apply(this, args);
    };
    this.#undo.push(() => holder[method] = original);
  }
}

async function standard() {
  const plugins = catalog.filter((plugin) =>
    ("standard" in plugin && plugin.standard) || plugin.name === "internal"
  );
  return await testServer({ plugins });
}

Deno.test("the walk of a message is what docs/stanza.md says", async () => {
  const steps = stepsOf("A message");
  await using server = await standard();
  const [alice, bob] = await server.online("alice/desk", "bob/pad");
  using trace = await Trace.of(steps);
  trace.begin(bob);
  await alice.send(`<message to='bob@a.test' type='chat'><body>hi</body></message>`);
  bob.expect(`<message from='alice@a.test/desk'><body>hi</body></message>`);
  deepEqual(trace.seen, steps.map(say));
});

Deno.test("the walk of a request that writes is what docs/stanza.md says", async () => {
  const steps = stepsOf("A request that writes");
  await using server = await standard();
  const [alice] = await server.online("alice/desk");
  using trace = await Trace.of(steps);
  trace.begin(alice);
  await alice.send(
    `<iq type='set' id='1'><query xmlns='jabber:iq:private'><x xmlns='urn:x'/></query></iq>`,
  );
  alice.expect(`<iq type='result' id='1'/>`);
  deepEqual(trace.seen, steps.map(say));
});
