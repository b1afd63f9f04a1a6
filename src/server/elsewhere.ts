/** Finding and judging other servers with everything real: DNS, sockets, certificates. */
import { openResolver } from "../dns/open.ts";
import { Dialer } from "../remote/dial.ts";
import type { OpenElsewhere } from "./federation.ts";
import { trustOf } from "./trust.ts";

export const openElsewhere: OpenElsewhere = (settings, { wheel, clock, log }) => {
  // First, since files are read that may not be there.
  const trust = trustOf(settings, clock);
  const resolver = openResolver(settings.dns, { clock, log });
  const dial = new Dialer({
    resolver,
    wheel,
    clock,
    log,
    dane: settings.tls.dane,
    minimum: settings.tls.minimum,
    publicOnly: !settings.dns.private_addresses,
  });
  return { dial, trust, close: () => resolver.close() };
};
