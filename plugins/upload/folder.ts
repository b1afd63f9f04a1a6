/**
 * The files on the disk, each below the first two letters of its id. One is written under another name until it is whole, so
 * that nobody ever gets half of it; bytes go to the disk as they come.
 */

/** How a file ends that is not whole. */
const DRAFT = ".part";

export class Folder {
  constructor(private readonly path: string) {}

  pathOf(id: string): string {
    return `${this.path}/${this.placeOf(id)}`;
  }

  /** Below the folder, as a web server in front is told it. */
  placeOf(id: string): string {
    return `${id.slice(0, 2)}/${id}`;
  }

  /** Writes exactly `size` bytes; says what is wrong with fewer or more, and keeps nothing of them then. */
  async write(
    id: string,
    body: AsyncIterable<Uint8Array>,
    size: number,
  ): Promise<"short" | "long" | undefined> {
    const path = this.pathOf(id);
    const draft = path + DRAFT;
    const shelf = path.slice(0, path.lastIndexOf("/"));
    await this.#make(shelf);
    let wrong: "short" | "long" | undefined;
    const file = await Deno.open(draft, { write: true, create: true, truncate: true, mode: 0o640 });
    try {
      wrong = await fill(file, body, size);
      if (wrong === undefined) {
        await file.sync();
        await Deno.rename(draft, path);
        // The name is as safe as the bytes before anybody is told that the file is here.
        await sync(shelf);
      }
    } catch (error) {
      await Deno.remove(draft).catch(missing);
      throw error;
    } finally {
      file.close();
    }
    if (wrong !== undefined) await Deno.remove(draft).catch(missing);
    return wrong;
  }

  /** Takes a file away, and what was written of it. */
  async remove(id: string): Promise<void> {
    await Deno.remove(this.pathOf(id)).catch(missing);
    await Deno.remove(this.pathOf(id) + DRAFT).catch(missing);
  }

  /** Takes away what a server left that ended in the middle of files; not those that are `coming` now. */
  async clean(coming: ReadonlySet<string>, signal: AbortSignal): Promise<void> {
    for (const shelf of await namesIn(this.path)) {
      if (signal.aborted) return;
      for (const name of await namesIn(`${this.path}/${shelf}`)) {
        if (!name.endsWith(DRAFT) || coming.has(name.slice(0, -DRAFT.length))) continue;
        await Deno.remove(`${this.path}/${shelf}/${name}`).catch(missing);
      }
    }
  }

  async #make(shelf: string): Promise<void> {
    await Deno.mkdir(this.path, { recursive: true, mode: 0o750 });
    try {
      await Deno.mkdir(shelf, { mode: 0o750 });
    } catch (error) {
      if (error instanceof Deno.errors.AlreadyExists) return;
      throw error;
    }
    await sync(this.path);
  }
}

async function fill(
  file: Deno.FsFile,
  body: AsyncIterable<Uint8Array>,
  size: number,
): Promise<"short" | "long" | undefined> {
  let seen = 0;
  for await (const chunk of body) {
    seen += chunk.length;
    if (seen > size) return "long";
    for (let at = 0; at < chunk.length;) at += await file.write(chunk.subarray(at));
  }
  return seen < size ? "short" : undefined;
}

async function sync(folder: string): Promise<void> {
  using open = await Deno.open(folder, { read: true });
  await open.sync();
}

async function namesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) names.push(name);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) throw error;
  }
  return names;
}

function missing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
