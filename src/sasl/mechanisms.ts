/**
 * All mechanisms there are, and which of them a connection is offered.
 */

import { anonymous } from "./anonymous.ts";
import { external } from "./external.ts";
import type { ChannelFacts, Credentials, Mechanism } from "./mechanism.ts";
import { plain } from "./plain.ts";
import { scram } from "./scram.ts";

/** Every mechanism, strongest first: clients that do not choose take the first they know. */
export const MECHANISMS: readonly Mechanism[] = [
  external,
  scram("SHA-512", true),
  scram("SHA-256", true),
  scram("SHA-1", true),
  scram("SHA-512", false),
  scram("SHA-256", false),
  scram("SHA-1", false),
  plain,
  anonymous,
];

/** What the configuration has to say about mechanisms. */
export interface MechanismChoice {
  /** PLAIN also on connections that others can read. */
  readonly allowPlaintext?: boolean;
}

/** The mechanisms that can be carried through on this connection with these credentials, strongest first. */
export function chooseMechanisms(
  channel: ChannelFacts,
  backend: Credentials,
  choice: MechanismChoice = {},
  from: readonly Mechanism[] = MECHANISMS,
): Mechanism[] {
  const facts = choice.allowPlaintext === true && !channel.secure ? { ...channel, secure: true } : channel;
  return from.filter((mechanism) =>
    mechanism.served(backend) && mechanism.available(mechanism === plain ? facts : channel)
  );
}
