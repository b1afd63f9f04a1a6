/**
 * XEP-0175: Best Practices for Use of SASL ANONYMOUS 1.2. Guests without accounts: an address always gets the same name,
 * which says nothing about the address, and nothing is kept of a guest once its last session has ended.
 */
import {
  cidr,
  claiming,
  credentials,
  definePlugin,
  duration,
  exporting,
  loggedIn,
  options,
  type SaslFailure,
  saslFailure,
  secret,
  sessionUnbound,
  StanzaError,
  z,
} from "#plugin";
import { guestNames } from "./guest_names.ts";
import { Guests } from "./guests.ts";

const LOOK = 60_000;

const config = options({
  sessions_per_address: z.number().int().min(1).default(1).describe(
    "Sessions at a time from one address (IPv6: one /64). They share one name.",
  ),
  most: z.number().int().min(1).default(1000).describe("Guests at a time."),
  lifetime: duration({ off: 0 }).prefault("24 h").describe("After how long a guest has to leave."),
  renew: duration({ off: 0 }).prefault("off").describe("After how long addresses get other names."),
  random_names: z.array(cidr()).default([]).describe(
    "Addresses that many people share, such as a proxy's: every session from there is a guest of its own.",
  ),
  other_servers: z.boolean().default(false).describe(
    "Whether guests may write to people on other servers, and they to guests.",
  ),
  secret: secret().optional().describe(
    "What names are made from. Without it, a random one is made at the first start and kept.",
  ),
});

export const anonymous = definePlugin({
  name: "anonymous",
  doc: "Lets everybody in as a guest with a name that the server makes, and keeps nothing of them.",
  xeps: [[175, "1.2"]],
  rfcs: ["RFC 4505"],
  config,
  provides: [credentials],
  setup(host) {
    const { sessions_per_address: perAddress, most, lifetime, other_servers: free } = host.config;
    const guests = new Guests(host, lifetime);
    const nameFor = guestNames(host);
    host.provide(credentials, {
      temporary: true,
      anonymous(peer): string | SaslFailure {
        const name = nameFor(peer);
        const here = guests.connections(name);
        if (here >= perAddress) {
          return saslFailure("not-authorized", "a guest from your address is here already");
        }
        if (!guests.has(name) && guests.full(most)) {
          return saslFailure("temporary-auth-failure", "there are too many guests, try again later");
        }
        return name;
      },
      exists: (local) => guests.has(local),
      list: () => guests.names(),
    });
    host.on(loggedIn, ({ session }) => guests.joined(session));
    host.on(sessionUnbound, ({ session }) => guests.left(session));
    host.every(LOOK, () => guests.look());
    if (free) return;
    const refusal = new StanzaError("not-allowed", "guests talk to people on this server only");
    host.at(exporting).guard({}, () => refusal);
    host.tap(claiming, () => refusal);
  },
});
