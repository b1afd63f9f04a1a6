/**
 * XEP-0480: SASL Upgrade Tasks 0.2.0. An account that has no SCRAM keys of a hash gets them from its client, which sends the
 * salted password over: nothing else needs to be known to keep them, and the password stays where it is.
 */
import { decodeBase64, encodeBase64 } from "../base/bytes.ts";
import { randomBytes } from "../base/id.ts";
import { type Decoy, failed, type ScramHash } from "../sasl/mechanism.ts";
import { digestBytes, scramKeysOf } from "../sasl/scram_keys.ts";
import type { Task } from "../session/login.ts";
import { el, type Element } from "../xml/element.ts";
import type { Credentials } from "./credentials.ts";

const UPGRADE_NS = "urn:xmpp:sasl:upgrade:0";
const SCRAM_UPGRADE_NS = "urn:xmpp:scram-upgrade:0";
const HASHES = ["SHA-512", "SHA-256", "SHA-1"] as const satisfies readonly ScramHash[];

const taskName = (hash: ScramHash) => `UPGR-SCRAM-${hash}`;

/** The names of the tasks for some hashes; of all there are, where none are named. */
export function upgradeNames(hashes: readonly ScramHash[] = HASHES): readonly string[] {
  return hashes.map(taskName);
}

/** The tasks for one account: those that its client asked for, of the hashes that it lacks. */
export function upgradeTasks(provider: Credentials, decoy: Decoy, request: Element, local: string): Task[] {
  const asked = request.elementsOf(UPGRADE_NS)
    .flatMap((e) => e.name === "upgrade" ? [e.text.trim()] : []);
  if (asked.length === 0) return [];
  return (provider.lacking?.(local) ?? [])
    .filter((hash) => asked.includes(taskName(hash)))
    .map((hash) => upgradeTask(provider, decoy, local, hash));
}

function upgradeTask(provider: Credentials, decoy: Decoy, local: string, hash: ScramHash): Task {
  const salt = randomBytes(decoy.saltBytes ?? 16);
  const { iterations } = decoy;
  return {
    name: taskName(hash),
    begin: () => el("salt", SCRAM_UPGRADE_NS, { iterations: String(iterations) }, encodeBase64(salt)),
    take(data) {
      const text = data.childText("hash", SCRAM_UPGRADE_NS)?.trim();
      if (text === undefined || text === "") {
        return failed("malformed-request", "a <hash/> with the salted password is expected");
      }
      const salted = decodeBase64(text);
      if (salted === undefined) return failed("incorrect-encoding", "the content of <hash/> is not base64");
      if (salted.length !== digestBytes(hash)) {
        return failed("malformed-request", `a salted password of ${hash} has ${digestBytes(hash)} bytes`);
      }
      // Another password may have been set meanwhile, which has brought keys of every hash.
      if (!(provider.lacking?.(local) ?? []).includes(hash)) {
        return failed("not-authorized", "the account has other keys now, log in again");
      }
      provider.learn?.(local, hash, scramKeysOf(salted, salt, iterations, hash));
      return undefined;
    },
  };
}
