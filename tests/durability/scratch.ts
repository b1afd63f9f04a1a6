/** A folder for one test, with a configuration in it. */
import { equal } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { settings } from "./server_process.ts";

export class Scratch implements AsyncDisposable {
  readonly folder = Deno.makeTempDirSync({ prefix: "durability-" });
  /** Where the server's data is to be. */
  readonly data = `${this.folder}/data`;
  #written = 0;

  /** Writes a configuration; `server` are further lines of its `[server]`, `host` of its `[host.localhost]`. */
  config(server = "", host = ""): string {
    const path = `${this.folder}/${this.#written++}.toml`;
    Deno.writeTextFileSync(path, settings(this.data, server, host));
    return path;
  }

  /** The database as it is now, without touching it: mending it is the server's own affair. */
  copy(): DatabaseSync {
    const copy = Deno.makeTempDirSync({ dir: this.folder });
    for (const { name } of Deno.readDirSync(this.data)) {
      if (/^metronome\.sqlite(-wal)?$/.test(name)) {
        Deno.copyFileSync(`${this.data}/${name}`, `${copy}/${name}`);
      }
    }
    return new DatabaseSync(`${copy}/metronome.sqlite`);
  }

  /** Throws unless the database is sound. */
  checkFile(): void {
    using database = this.copy();
    equal(database.prepare("PRAGMA integrity_check").get()?.["integrity_check"], "ok");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}
