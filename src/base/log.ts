/**
 * The log: a record a line, as text for people or JSON for machines. Records are collected and written together, at
 * the end of a tick or when 16 KB have come together, because a write a record costs ten times the record. Values of
 * fields that are named like secrets are never printed, and no value can start a line of its own.
 *
 * Text: `2026-11-25 15:24:43.123 info  c2s: client bound jid=a@b.test/x`. Times are UTC.
 */
import { type Clock, systemClock } from "./clock.ts";
import { encodeUtf8 } from "./bytes.ts";
import { type Fields, formatJson, formatText, type Level } from "./log_format.ts";

export type { Fields, Level };

/** What a part of the server writes its records with. */
export interface Logger {
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
  /** Whether a record of this level would be written: to spare the making of costly fields. */
  enabled(level: Level): boolean;
  /** The logger of a part; parts of parts are joined with a dot: `storage.sqlite`. */
  child(subsystem: string): Logger;
}

/** What a log is made from. Lines go to `write`, else to `file`, else to standard error. */
export interface LogSettings {
  /** The least level that is written. */
  readonly level: Level;
  /** Other levels for parts of the server; the longest matching name wins (`storage` covers `storage.sqlite`). */
  readonly levels?: Readonly<Record<string, Level>>;
  readonly format?: "text" | "json";
  /** Takes every line at once, without its line end, instead of a stream: for tests and for sinks that batch themselves. */
  readonly write?: (line: string) => void;
  /** A file to append to, kept open until reopen(), so that it may be rotated. */
  readonly file?: string;
  /** Lines begin with `<N>`, the syslog priority, for a service manager that reads the stream (JOURNAL_STREAM is set). */
  readonly journal?: boolean;
  readonly clock?: Clock;
}

/** The log itself: the root logger, and what the server's owner may do with it. */
export interface Log extends Logger {
  /** Changes what is written from now on, for every logger already handed out. */
  setLevels(level: Level, levels?: Readonly<Record<string, Level>>): void;
  /** Writes what has been collected. Call it before the process ends. */
  flush(): void;
  /** Closes and opens the file again, after it has been moved away. Keeps the old one if the new cannot be opened. */
  reopen(): void;
}

const RANK: Readonly<Record<Level, number>> = { debug: 0, info: 1, warn: 2, error: 3 };
/** Syslog priorities (RFC 5424 §6.2.1): debug 7, info 6, warning 4, error 3. */
const PRIORITY: Readonly<Record<Level, string>> = { debug: "<7>", info: "<6>", warn: "<4>", error: "<3>" };
/** As many characters are collected before they are written without waiting for the end of the tick. */
const BATCH = 16_384;

/** Makes a log. It holds no timer while nothing is written. */
export function createLog(settings: LogSettings): Log {
  return new RootLogger(new Core(settings));
}

/** The shared half of all loggers of one log: levels, the batch, the sink. */
class Core {
  readonly #format: (at: number, level: Level, subsystem: string, message: string, fields?: Fields) => string;
  readonly #clock: Clock;
  readonly #journal: boolean;
  readonly #writeLine: ((line: string) => void) | undefined;
  readonly #sink: Sink;
  readonly #parts = new Map<string, PartLogger>();
  #level: Level;
  #levels: Readonly<Record<string, Level>>;
  #batch = "";
  #waiting = false;

  constructor(settings: LogSettings) {
    this.#format = settings.format === "json" ? formatJson : formatText;
    this.#clock = settings.clock ?? systemClock;
    this.#journal = settings.journal ?? false;
    this.#level = settings.level;
    this.#levels = settings.levels ?? {};
    this.#writeLine = settings.write;
    this.#sink = settings.file === undefined ? new StderrSink() : new FileSink(settings.file);
  }

  part(subsystem: string): PartLogger {
    return this.#parts.get(subsystem) ?? this.adopt(new PartLogger(this, subsystem));
  }

  /** Makes a logger one of this log: it gets its level now and at every change. */
  adopt<P extends PartLogger>(part: P): P {
    part.threshold = this.#threshold(part.subsystem);
    this.#parts.set(part.subsystem, part);
    return part;
  }

  setLevels(level: Level, levels: Readonly<Record<string, Level>>): void {
    this.#level = level;
    this.#levels = levels;
    for (const part of this.#parts.values()) part.threshold = this.#threshold(part.subsystem);
  }

  record(level: Level, subsystem: string, message: string, fields: Fields | undefined): void {
    const text = this.#format(this.#clock.now(), level, subsystem, message, fields);
    const line = this.#journal ? PRIORITY[level] + text : text;
    if (this.#writeLine !== undefined) return this.#writeLine(line);
    this.#batch += line + "\n";
    if (this.#batch.length >= BATCH) this.flush();
    else if (!this.#waiting) {
      this.#waiting = true;
      // A turn of the event loop, not a microtask: a whole pass over many stanzas makes one write.
      this.#clock.after(0, () => {
        this.#waiting = false;
        this.flush();
      });
    }
  }

  flush(): void {
    if (this.#batch === "") return;
    const lines = this.#batch;
    this.#batch = "";
    this.#sink.write(lines);
  }

  reopen(): void {
    this.flush();
    try {
      this.#sink.reopen();
    } catch (error) {
      // Told where the records still go; a log that cannot be opened is no reason to fail.
      this.record("error", "", "the log goes on where it was", {
        reason: error instanceof Error ? error.message : String(error),
      });
    }
  }

  /** The rank from which a part's records are written: its own, else that of the nearest part above it. */
  #threshold(subsystem: string): number {
    for (let name = subsystem; name !== ""; name = name.slice(0, Math.max(0, name.lastIndexOf(".")))) {
      const level = Object.hasOwn(this.#levels, name) ? this.#levels[name] : undefined;
      if (level !== undefined) return RANK[level];
    }
    return RANK[this.#level];
  }
}

class PartLogger implements Logger {
  /** The rank of the least level that is written; the core keeps it. */
  threshold = 0;

  constructor(readonly core: Core, readonly subsystem: string) {}

  debug(message: string, fields?: Fields): void {
    if (this.threshold === 0) this.core.record("debug", this.subsystem, message, fields);
  }

  info(message: string, fields?: Fields): void {
    if (this.threshold <= 1) this.core.record("info", this.subsystem, message, fields);
  }

  warn(message: string, fields?: Fields): void {
    if (this.threshold <= 2) this.core.record("warn", this.subsystem, message, fields);
  }

  error(message: string, fields?: Fields): void {
    this.core.record("error", this.subsystem, message, fields);
  }

  enabled(level: Level): boolean {
    return RANK[level] >= this.threshold;
  }

  child(subsystem: string): Logger {
    return this.core.part(this.subsystem === "" ? subsystem : `${this.subsystem}.${subsystem}`);
  }
}

class RootLogger extends PartLogger implements Log {
  constructor(core: Core) {
    super(core, "");
    core.adopt(this);
  }

  setLevels(level: Level, levels: Readonly<Record<string, Level>> = {}): void {
    this.core.setLevels(level, levels);
  }

  flush(): void {
    this.core.flush();
  }

  reopen(): void {
    this.core.reopen();
  }
}

/** Where batches end up. */
interface Sink {
  write(lines: string): void;
  reopen(): void;
}

class StderrSink implements Sink {
  write(lines: string): void {
    writeAll(Deno.stderr, lines);
  }

  reopen(): void {}
}

class FileSink implements Sink {
  #file: Deno.FsFile;

  constructor(readonly path: string) {
    this.#file = openLog(path);
  }

  write(lines: string): void {
    if (!writeAll(this.#file, lines)) writeAll(Deno.stderr, lines);
  }

  reopen(): void {
    const fresh = openLog(this.path);
    this.#file.close();
    this.#file = fresh;
  }
}

function openLog(path: string): Deno.FsFile {
  try {
    return Deno.openSync(path, { append: true, create: true, mode: 0o640 });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(
      `the log file "${path}" cannot be opened (${why}): its folder must be there, and be writable for this user`,
      { cause },
    );
  }
}

/**
 * Writes everything, over short writes. A log that cannot be written (its reader is gone, the disk is full) must not
 * stop the server: what does not fit is given up, and false comes back.
 */
function writeAll(file: { writeSync(bytes: Uint8Array): number }, lines: string): boolean {
  let rest: Uint8Array = encodeUtf8(lines);
  try {
    while (rest.length > 0) rest = rest.subarray(file.writeSync(rest));
    return true;
  } catch {
    return false;
  }
}
