/** A page with strophe.js in it, and what the tests say to it; everything after `<script>` runs in the browser. */
import type { Page } from "playwright-core";

export const STROPHE_PAGE = `<!doctype html><title>strophe</title>
<script src="/dist/strophe.umd.min.js"></script>
<script>
  const { Strophe, $msg, $pres, $iq } = window.strophe ?? window;
  const names = Object.fromEntries(Object.entries(Strophe.Status).map(([name, number]) => [number, name]));
  window.heard = [];
  window.states = [];
  let wake = [];
  function note(list, it) {
    list.push(it);
    for (const go of wake.splice(0)) go();
  }
  function begin(service) {
    window.connection = new Strophe.Connection(service, { keepalive: true });
    connection.addHandler((stanza) => {
      const body = stanza.getElementsByTagName("body")[0];
      note(heard, stanza.getAttribute("from") + ": " + body?.textContent);
      return true;
    }, null, "message");
  }
  const changed = (status, condition) =>
    note(states, names[status] + (condition ? " (" + condition + ")" : ""));
  window.login = (service, jid, password) => {
    begin(service);
    connection.connect(jid, password, changed);
  };
  window.goOn = (service, jid) => {
    begin(service);
    connection.restore(jid, changed);
  };
  window.say = (to, text) => connection.send($msg({ to, type: "chat" }).c("body").t(text));
  window.come = () => connection.send($pres());
  window.until = async (name, test) => {
    while (!window[name].some((it) => it.startsWith(test))) await new Promise((resolve) => wake.push(resolve));
  };
</script>`;

/** Something the page above has. */
interface InPage {
  login(service: string, jid: string, password: string): void;
  goOn(service: string, jid: string): void;
  say(to: string, text: string): void;
  come(): void;
  until(name: "heard" | "states", test: string): Promise<void>;
  connection: { disconnect(reason: string): void; pause(): void };
  states: string[];
  heard: string[];
}

export class StrophePage {
  constructor(readonly page: Page, private readonly service: string) {}

  async login(jid: string, password: string): Promise<void> {
    await this.page.evaluate(
      ([service, jid, password]) => (globalThis as unknown as InPage).login(service!, jid!, password!),
      [this.service, jid, password],
    );
    await this.until("states", "CONNECTED");
    await this.page.evaluate(() => (globalThis as unknown as InPage).come());
  }

  /** As after a reload: the session is that of the page before. */
  async goOn(jid: string): Promise<void> {
    await this.page.evaluate(
      ([service, jid]) => (globalThis as unknown as InPage).goOn(service!, jid!),
      [this.service, jid],
    );
    await this.until("states", "ATTACHED");
  }

  async say(to: string, text: string): Promise<void> {
    await this.page.evaluate(([to, text]) => (globalThis as unknown as InPage).say(to!, text!), [to, text]);
  }

  /** Waits for a message, or a state, that begins so. */
  async until(name: "heard" | "states", test: string): Promise<void> {
    const found = this.page.evaluate(
      ([name, test]) => (globalThis as unknown as InPage).until(name as "heard", test!),
      [name, test],
    );
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(async () => {
        const { heard, states } = await this.page.evaluate(() => {
          const { heard, states } = globalThis as unknown as InPage;
          return { heard, states };
        });
        reject(new Error(`no "${test}" among ${JSON.stringify({ heard, states })}`));
      }, 15_000);
    });
    await Promise.race([found, late]).finally(() => clearTimeout(timer));
  }

  async disconnect(): Promise<void> {
    await this.page.evaluate(() => (globalThis as unknown as InPage).connection.disconnect("done"));
    await this.until("states", "DISCONNECTED");
  }
}
