import assert from "node:assert/strict";
import { Metrics } from "./metrics.ts";

Deno.test("the text of all kinds of figures", () => {
  const metrics = new Metrics();
  const stanzas = metrics.counter("stanzas", "Stanzas taken in");
  stanzas.add();
  stanzas.add(2);
  const sessions = metrics.gauge("sessions", "Sessions now", ["host", "kind"]);
  sessions.of("a.test", "c2s").set(5);
  sessions.of("a.test", "c2s").add(-1);
  sessions.of('q"\\\n', "s2s").add();
  metrics.gauge("memory_bytes", "Resident\nmemory", () => 1.5e9);
  const took = metrics.histogram("route_seconds", "Time", [0.1, 1]);
  for (const seconds of [0.05, 0.1, 0.5, 3]) took.observe(seconds);
  metrics.readings("hosts", "Hosts", ["kind"], () => [[["user"], 2], [["muc"], 1]]);
  assert.equal(
    metrics.text(),
    `# TYPE stanzas counter
# HELP stanzas Stanzas taken in
stanzas_total 3
# TYPE sessions gauge
# HELP sessions Sessions now
sessions{host="a.test",kind="c2s"} 4
sessions{host="q\\"\\\\\\n",kind="s2s"} 1
# TYPE memory_bytes gauge
# HELP memory_bytes Resident\\nmemory
memory_bytes 1500000000
# TYPE route_seconds histogram
# HELP route_seconds Time
route_seconds_bucket{le="0.1"} 2
route_seconds_bucket{le="1"} 3
route_seconds_bucket{le="+Inf"} 4
route_seconds_sum 3.65
route_seconds_count 4
# TYPE hosts gauge
# HELP hosts Hosts
hosts{kind="user"} 2
hosts{kind="muc"} 1
# EOF
`,
  );
});

Deno.test("the same name is the same figure, another shape is refused", () => {
  const metrics = new Metrics();
  const first = metrics.counter("a", "A");
  assert.equal(metrics.counter("a", "A"), first);
  const family = metrics.counter("b", "B", ["x"]);
  assert.equal(metrics.counter("b", "B", ["x"]).of("1"), family.of("1"));
  assert.throws(() => metrics.gauge("a", "A"), /exists already/);
  assert.throws(() => metrics.counter("b", "B", ["y"]), /exists already/);
  assert.throws(() => family.of("1", "2"), /2 values/);
  assert.throws(() => metrics.counter("a_total", "A"), /no name/);
  assert.throws(() => metrics.counter("A-b", "A"), /no name/);
});

Deno.test("figures and members can be dropped; a reading can be replaced", () => {
  const metrics = new Metrics();
  const family = metrics.counter("b", "B", ["x"]);
  family.of("1").add();
  family.drop("1");
  assert.equal(metrics.text(), "# TYPE b counter\n# HELP b B\n# EOF\n");
  metrics.drop("b");
  metrics.gauge("g", "G", () => 1);
  metrics.gauge("g", "G", () => 2);
  assert.equal(metrics.text(), "# TYPE g gauge\n# HELP g G\ng 2\n# EOF\n");
});

Deno.test("what is read may be a counter; what is gone is not reported", () => {
  const metrics = new Metrics();
  metrics.readings("r", "R", ["kind"], () => [[["a"], 2]], "counter");
  const family = metrics.counter("c", "C", ["host", "result"]);
  for (const host of ["a.test", "b.test"]) family.of(host, "ok").add();
  metrics.counter("plain", "P").add();
  metrics.forget("host", "a.test");
  metrics.forget("other", "b.test");
  assert.equal(
    metrics.text(),
    `# TYPE r counter
# HELP r R
r_total{kind="a"} 2
# TYPE c counter
# HELP c C
c_total{host="b.test",result="ok"} 1
# TYPE plain counter
# HELP plain P
plain_total 1
# EOF
`,
  );
});
