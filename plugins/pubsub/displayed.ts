/**
 * XEP-0490 §4.5, server assist: a client says in one message to a contact, and to its other devices, up to where it has
 * displayed the conversation. What is for the devices is taken out and published at the account's own node.
 */
import {
  definePlugin,
  type Departing,
  departing,
  type HostScope,
  none,
  type Stanza,
  StanzaError,
} from "#plugin";
import { type PersonalServices, personalServices } from "./api.ts";

const NS = "urn:xmpp:mds:displayed:0";
const FEATURE = "urn:xmpp:mds:server-assist:0";

export const displayed = definePlugin({
  name: "displayed",
  doc: "Tells an account's other devices what one of them has displayed.",
  xeps: [[490, "1.0.1"]],
  config: none,
  standard: true,
  wants: [personalServices],
  setup(host) {
    const personal = host.find(personalServices);
    if (personal === undefined) return;
    host.accountFeature(FEATURE);
    host.at(departing).amend({ kind: "message" }, (x) => note(host, personal, x));
  },
});

/** The message without it, before anybody keeps, copies or gets it (§5.2). */
function note(
  host: HostScope<unknown>,
  personal: PersonalServices,
  { stanza, session }: Readonly<Departing>,
): Stanza | undefined {
  const said = stanza.child("displayed", NS);
  if (said === undefined || stanza.isError) return undefined;
  const { to } = stanza;
  if (to !== undefined && said.first() !== undefined) {
    try {
      // §5.1: the address as it was written, which is that of the conversation.
      personal.of(session.username).publish(NS, { id: to.toString(), payload: said }, { by: session.jid });
    } catch (error) {
      // The message is not to blame for what the node cannot take.
      if (!(error instanceof StanzaError)) throw error;
      host.log.debug("nothing was noted as displayed", { reason: error.message });
    }
  }
  return stanza.containing(stanza.source.without((child) => child === said));
}
