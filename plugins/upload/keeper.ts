/** Who keeps the files: this server, or another one that shares secrets with it. */
import { encodeHex, hmac, type HostScope } from "#plugin";
import type { Folder } from "./folder.ts";
import type { UploadOptions } from "./options.ts";
import type { StoredFile } from "./store.ts";
import type { Tokens } from "./tokens.ts";

/** The addresses of a file, and what must be said to put it. */
export interface Addresses {
  readonly put: string;
  readonly get: string;
  readonly authorization: string | undefined;
}

export interface Keeper {
  /** `until`: when the sender wants the file to be gone. */
  addresses(file: StoredFile, until: number): Addresses;
  /** Takes the file away; rejects where it may still be there. */
  remove(file: StoredFile, signal: AbortSignal): Promise<void>;
}

/** Files in a folder of this server. */
export class OwnKeeper implements Keeper {
  constructor(
    private readonly host: HostScope<UploadOptions>,
    private readonly folder: Folder,
    private readonly tokens: Tokens,
  ) {}

  addresses(file: StoredFile, until: number): Addresses {
    const get = this.host.url(`${this.host.config.path}/${file.id}/${encodeURIComponent(file.name)}`);
    return { put: get, get, authorization: `Bearer ${this.tokens.make(file.id, { until })}` };
  }

  remove(file: StoredFile): Promise<void> {
    return this.folder.remove(file.id);
  }
}

/** How long another server may take to delete a file, in milliseconds. */
const PATIENCE = 30_000;

type External = NonNullable<UploadOptions["external"]>;

/**
 * Files on another server, by the protocol of the original's `http_upload_external`: a token is the HMAC-SHA256, in hex, of
 * the file's place, a zero byte, and its size and type (to put it) or the secret of deletion (to delete it).
 */
export class ForeignKeeper implements Keeper {
  constructor(
    private readonly host: Pick<HostScope<unknown>, "clock">,
    private readonly external: External,
  ) {}

  addresses(file: StoredFile): Addresses {
    const get = this.#url(this.external.url, file);
    const type = file.type === "" ? "application/octet-stream" : file.type;
    const token = this.#token(`${this.#place(file)}\0${file.size}\0${type}`);
    return { put: `${get}?token=${token}`, get, authorization: undefined };
  }

  async remove(file: StoredFile, signal: AbortSignal): Promise<void> {
    const { delete_url, delete_secret } = this.external;
    if (delete_url === undefined || delete_secret === undefined) return;
    const token = this.#token(`${this.#place(file)}\0${delete_secret.reveal()}`);
    const late = new AbortController();
    const timer = this.host.clock.after(PATIENCE, () => late.abort(new Error("the store does not answer")));
    const response = await fetch(`${this.#url(delete_url, file)}?token=${token}`, {
      method: "DELETE",
      redirect: "error",
      signal: AbortSignal.any([signal, late.signal]),
    }).finally(() => timer.cancel());
    await response.body?.cancel();
    if (!response.ok && response.status !== 404) throw new Error(`the store answered ${response.status}`);
  }

  #place({ id, name }: StoredFile): string {
    return `${id}/${name}`;
  }

  #url(base: string, { id, name }: StoredFile): string {
    return `${base.endsWith("/") ? base : base + "/"}${id}/${encodeURIComponent(name)}`;
  }

  #token(message: string): string {
    return encodeHex(hmac("SHA-256", new TextEncoder().encode(this.external.secret.reveal()), message));
  }
}
