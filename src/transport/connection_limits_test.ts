import { equal } from "node:assert/strict";
import { ConnectionLimits } from "./connection_limits.ts";

Deno.test("limits: per address, a /64 being one, and in all", () => {
  const limits = new ConnectionLimits({ perAddress: 2, total: 4 });
  equal(limits.take("192.0.2.1"), undefined);
  equal(limits.take("::ffff:192.0.2.1"), undefined);
  equal(limits.take("192.0.2.1"), "address");
  equal(limits.take("2001:db8::1"), undefined);
  equal(limits.take("2001:db8::ffff:1:2:3"), undefined);
  equal(limits.take("2001:db8::9"), "total");
  equal(limits.open, 4);
  limits.free("2001:db8::1");
  equal(limits.take("2001:db8:0:1::1"), undefined);
  limits.free("2001:db8::5");
  equal(limits.openFrom("2001:db8::"), 0);
  limits.free("2001:db8::5");
  equal(limits.open, 3);
  limits.change({ perAddress: 3, total: 4 });
  equal(limits.take("192.0.2.1"), undefined);
});
