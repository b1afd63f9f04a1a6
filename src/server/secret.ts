/** One random secret a server, made at the first start and kept: what must look the same over restarts is made from it. */
import { decodeBase64, encodeBase64 } from "../base/bytes.ts";
import { keyval, type Storage } from "../storage/store.ts";

const secrets = keyval<string>("server.secret");

export function serverSecret(storage: Storage): Uint8Array {
  const store = storage.open(secrets, "");
  const kept = decodeBase64(store.get("") ?? "");
  if (kept !== undefined && kept.length === 32) return kept;
  const made = crypto.getRandomValues(new Uint8Array(32));
  store.set("", encodeBase64(made));
  return made;
}
