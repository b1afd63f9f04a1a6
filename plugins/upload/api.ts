/** What other plugins may know of uploads. */
import { defineService, type Jid } from "#plugin";

/** The files that people have uploaded to a host. */
export interface Uploads {
  /** Takes away all files of an account that is no more. */
  forget(account: Jid): void;
}

export const uploads = defineService<Uploads>("uploads");
