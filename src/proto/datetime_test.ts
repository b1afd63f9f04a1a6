import assert from "node:assert/strict";
import fc from "fast-check";
import {
  formatDate,
  formatDateTime,
  formatZone,
  parseDate,
  parseDateTime,
  parseLegacyDateTime,
  parseTime,
  parseZone,
} from "./datetime.ts";

Deno.test("datetime: the examples of XEP-0082", () => {
  const moon = Date.UTC(1969, 6, 21, 2, 56, 15);
  assert.equal(parseDateTime("1969-07-21T02:56:15Z"), moon);
  assert.equal(parseDateTime("1969-07-20T21:56:15-05:00"), moon);
  assert.equal(formatDateTime(moon), "1969-07-21T02:56:15Z");
  assert.equal(parseDate("1776-07-04"), Date.UTC(1776, 6, 4));
  assert.equal(formatDate(Date.UTC(1776, 6, 4, 12)), "1776-07-04");
  assert.equal(parseTime("16:00:00"), 16 * 3_600_000);
  assert.equal(parseTime("16:00:00+07:00"), 9 * 3_600_000);
  assert.equal(parseTime("01:00:00.5+02:00"), 23 * 3_600_000 + 500);
  assert.equal(parseLegacyDateTime("20020910T23:08:25"), Date.UTC(2002, 8, 10, 23, 8, 25));
});

Deno.test("datetime: fractions of any length", () => {
  const base = Date.UTC(2020, 0, 1);
  assert.equal(parseDateTime("2020-01-01T00:00:00.5Z"), base + 500);
  assert.equal(parseDateTime("2020-01-01T00:00:00.123456789Z"), base + 123);
  assert.equal(formatDateTime(base + 120), "2020-01-01T00:00:00.120Z");
});

Deno.test("datetime: what is outside the profile", () => {
  for (
    const text of [
      "",
      "2020-01-01",
      "2020-01-01T00:00:00",
      "2020-01-01 00:00:00Z",
      "2020-1-1T00:00:00Z",
      "2020-02-30T00:00:00Z",
      "2020-13-01T00:00:00Z",
      "2020-01-01T24:00:00Z",
      "2020-01-01T00:60:00Z",
      "2020-01-01T00:00:61Z",
      "2020-01-01T00:00:00.Z",
      "2020-01-01T00:00:00+24:00",
      "2020-01-01T00:00:00+0100",
      "2020-01-01T00:00:00z",
      "20200101T00:00:00",
      " 2020-01-01T00:00:00Z",
    ]
  ) assert.equal(parseDateTime(text), undefined, text);
  assert.equal(parseDate("2021-02-29"), undefined);
  assert.equal(parseTime("16:00"), undefined);
  assert.equal(parseLegacyDateTime("2002-09-10T23:08:25Z"), undefined);
});

Deno.test("datetime: there and back", () => {
  const times = fc.integer({ min: Date.UTC(0, 0, 1), max: Date.UTC(9999, 11, 31) });
  fc.assert(fc.property(times, (time) => assert.equal(parseDateTime(formatDateTime(time)), time)));
  fc.assert(fc.property(fc.integer({ min: -1439, max: 1439 }), (minutes) => {
    assert.equal(parseZone(formatZone(minutes)), minutes);
  }));
  assert.equal(parseZone("Z"), 0);
});
