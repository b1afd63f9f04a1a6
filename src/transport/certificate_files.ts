/**
 * Where the certificate and the key of a host are on the disk, and what they are now. The usual layouts are found by
 * a path without an ending, `certs/example.org`:
 *
 *     certs/example.org/fullchain.pem + privkey.pem     certbot, lego
 *     certs/example.org/crt.pem + key.pem
 *     certs/example.org.crt + .key
 *     certs/example.org.pem                             both in one file
 */
import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";

/** Two paths, or the same one twice. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** The files of a layout that exist, `undefined` when there are none. */
export function findFiles(prefix: string): CertificateFiles | undefined {
  const layouts: readonly CertificateFiles[] = [
    { cert: `${prefix}/fullchain.pem`, key: `${prefix}/privkey.pem` },
    { cert: `${prefix}/crt.pem`, key: `${prefix}/key.pem` },
    { cert: `${prefix}.crt`, key: `${prefix}.key` },
    { cert: `${prefix}.pem`, key: `${prefix}.pem` },
  ];
  return layouts.find((files) => existsSync(files.cert) && existsSync(files.key));
}

/** What `findFiles` looks for, for messages. */
export function layoutsOf(prefix: string): string {
  return `${prefix}/fullchain.pem and privkey.pem, ${prefix}/crt.pem and key.pem, ${prefix}.crt and .key, or ${prefix}.pem`;
}

/** A text that changes with the files: with their contents' time and size, and with a link that points elsewhere. */
export function stamp(files: CertificateFiles): string {
  return `${stampOf(files.cert)} ${stampOf(files.key)}`;
}

function stampOf(path: string): string {
  try {
    const { mtimeMs, ino, size } = statSync(path);
    return `${realpathSync(path)}:${ino}:${size}:${mtimeMs}`;
  } catch {
    return `${path}:absent`;
  }
}

/** Reads both; throws an Error that names the file and what to do. */
export function readFiles(files: CertificateFiles): { cert: string; key: string } {
  refuseOpenKey(files.key);
  const cert = read(files.cert);
  const key = files.key === files.cert ? cert : read(files.key);
  return { cert: blocks(cert, "CERTIFICATE"), key: blocks(key, "PRIVATE KEY") };
}

/** A key that everybody on the machine can read is no secret. That its group can is how certbot shares it. */
function refuseOpenKey(path: string): void {
  if (onWindows()) return;
  let mode: number;
  try {
    mode = statSync(path).mode;
  } catch (cause) {
    throw new Error(`${path} cannot be read`, { cause });
  }
  if ((mode & 0o004) === 0) return;
  throw new Error(
    `${path} can be read by everybody on this machine, so it is not used. Run: chmod o-rwx ${path}`,
  );
}

function onWindows(): boolean {
  return Deno.build.os === "windows";
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new Error(`${path} cannot be read: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

/** The PEM blocks of a kind, so that one file may hold both. A key may be "EC PRIVATE KEY" and the like. */
function blocks(text: string, label: string): string {
  const found = text.match(/-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g) ?? [];
  const wanted = found.filter((block) => block.slice(0, block.indexOf("-----", 11)).endsWith(label));
  return wanted.length === 0 ? text : `${wanted.join("\n")}\n`;
}
