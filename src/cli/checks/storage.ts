/** Whether the data folder can be used, by whom, and how much room there is. */
import { constants } from "node:fs";
import { access, stat, statfs } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { formatSize } from "../../config/mod.ts";
import { databasePath } from "../../server/open.ts";
import type { Check, Finding } from "./finding.ts";

const LITTLE = 1_000_000_000;
const TOO_LITTLE = 50_000_000;

export const storage: Check = {
  id: "storage",
  line: "the data folder can be written and has room",
  async run({ loaded: { read: { settings } } }) {
    const folder = resolve(settings.server.data);
    const there = await nearestFolder(folder);
    const findings: Finding[] = [];
    const writable = await access(there, constants.W_OK | constants.X_OK).then(() => true, () => false);
    if (!writable) {
      findings.push({
        severity: "error",
        text: `${there} cannot be written by this user`,
        fix: "run this as the server's user, or give that user the folder",
      });
    }
    findings.push(...await fileFindings(databasePath(settings)));
    const { bavail, bsize } = await statfs(there);
    const free = bavail * bsize;
    const room = `${formatSize(Math.floor(free / 1_000_000) * 1_000_000)} free`;
    if (free < TOO_LITTLE) {
      findings.push({ severity: "error", text: `${folder}: ${room}`, fix: "free some space" });
    } else if (free < LITTLE) {
      findings.push({ severity: "warning", text: `${folder}: ${room}`, fix: "free some space" });
    } else if (writable) {
      findings.push({
        severity: "ok",
        text: `${folder}: ${room}${there === folder ? "" : ", not there yet"}`,
      });
    }
    return findings;
  },
};

/** The folder itself, or the one it will be made in. */
async function nearestFolder(path: string): Promise<string> {
  for (let folder = path;; folder = dirname(folder)) {
    const found = await stat(folder).catch(() => undefined);
    if (found?.isDirectory() || folder === dirname(folder)) return folder;
  }
}

async function fileFindings(path: string): Promise<Finding[]> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || Deno.build.os === "windows") return [];
  const findings: Finding[] = [];
  if ((found.mode & 0o077) !== 0) {
    findings.push({ severity: "warning", text: `${path} can be read by others`, fix: `chmod 600 ${path}` });
  }
  const uid = Deno.uid();
  if (uid !== null && uid !== 0 && found.uid !== uid) {
    findings.push({
      severity: "error",
      text: `${path} belongs to another user`,
      fix: `chown ${uid} ${path}`,
    });
  }
  return findings;
}
