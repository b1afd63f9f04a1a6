/** A session of no device: what somebody else is allowed to say in an account's name departs from it (XEP-0356). */
import type { Jid } from "../jid/jid.ts";
import { own } from "../xml/own.ts";
import { ClientSession } from "./client.ts";
import type { Home } from "./home.ts";

/** It has the account's bare address, no stream, and is in no registry. */
export function voiceOf(home: Home<ClientSession>, account: Jid): ClientSession {
  const session = new ClientSession(() => home);
  session.home = home;
  session.jid = account.bare;
  session.username = own(account.local);
  return session;
}
