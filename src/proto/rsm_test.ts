import assert from "node:assert/strict";
import fc from "fast-check";
import { parseXml } from "../xml/parse.ts";
import {
  buildPageReport,
  buildPageRequest,
  type Page,
  pageOf,
  type PageReport,
  type PageRequest,
  pageRequestOf,
  readPageReport,
  readPageRequest,
} from "./rsm.ts";

const set = (inner: string) => parseXml(`<set xmlns='http://jabber.org/protocol/rsm'>${inner}</set>`);

Deno.test("rsm: the requests of XEP-0059", () => {
  const read = (inner: string) => readPageRequest(set(inner));
  const none = { max: undefined, after: undefined, before: undefined, index: undefined };
  assert.deepEqual(read("<max>10</max>"), { ...none, max: 10 });
  assert.deepEqual(read("<max>10</max><after>peterpan@neverland.lit</after>"), {
    ...none,
    max: 10,
    after: "peterpan@neverland.lit",
  });
  assert.deepEqual(read("<max>10</max><before>peter@pixyland.org</before>"), {
    ...none,
    max: 10,
    before: "peter@pixyland.org",
  });
  assert.deepEqual(read("<max>10</max><before/>"), { ...none, max: 10, before: "" });
  assert.deepEqual(read("<max>10</max><index>371</index>"), { ...none, max: 10, index: 371 });
  assert.deepEqual(read("<max>0</max>"), { ...none, max: 0 });
});

Deno.test("rsm: malformed requests", () => {
  for (
    const inner of [
      "<max>-1</max>",
      "<max>ten</max>",
      "<max/>",
      "<max>1e3</max>",
      "<index>x</index>",
      "<index>1</index><after>a</after>",
    ]
  ) {
    assert.equal(readPageRequest(set(inner)), undefined, inner);
  }
  const payload = parseXml("<query xmlns='jabber:iq:search'/>");
  assert.deepEqual(pageRequestOf(payload), {});
  assert.equal(pageRequestOf(payload.plus(set("<max>x</max>"))), undefined);
});

Deno.test("rsm: the report of XEP-0059, there and back", () => {
  const report = { first: "stpeter@jabber.org", last: "peterpan@neverland.lit", index: 0, count: 800 };
  const element = buildPageReport(report);
  assert.equal(
    element.toString().replaceAll('"', "'"),
    "<set xmlns='http://jabber.org/protocol/rsm'><first index='0'>stpeter@jabber.org</first>" +
      "<last>peterpan@neverland.lit</last><count>800</count></set>",
  );
  assert.deepEqual(readPageReport(parseXml(element.toString())), report);
  const empty = { first: undefined, last: undefined, index: undefined, count: 790 };
  assert.deepEqual(readPageReport(buildPageReport(empty)), empty);
  const request: PageRequest = { max: 5, after: "a", before: "", index: undefined };
  assert.deepEqual(readPageRequest(buildPageRequest(request)), request);
});

const LIST = ["a", "b", "c", "d", "e"];
const page = (request: PageRequest, limit = 10) => {
  const cut = pageOf(LIST, (item) => item, request, limit);
  return cut && [cut.items.join(""), cut.report.index, cut.report.count];
};

Deno.test("rsm: pages of a list in memory", () => {
  assert.deepEqual(page({}), ["abcde", 0, 5]);
  assert.deepEqual(page({}, 2), ["ab", 0, 5]);
  assert.deepEqual(page({ max: 2, after: "b" }), ["cd", 2, 5]);
  assert.deepEqual(page({ max: 9, after: "d" }), ["e", 4, 5]);
  assert.deepEqual(page({ max: 2, after: "e" }), ["", undefined, 5]);
  assert.deepEqual(page({ max: 2, before: "" }), ["de", 3, 5]);
  assert.deepEqual(page({ max: 2, before: "c" }), ["ab", 0, 5]);
  assert.deepEqual(page({ max: 2, before: "b" }), ["a", 0, 5]);
  assert.deepEqual(page({ max: 2, index: 3 }), ["de", 3, 5]);
  assert.deepEqual(page({ max: 0 }), ["", undefined, 5]);
  assert.deepEqual(page({ after: "a", before: "d" }), ["bc", 1, 5]);
  assert.equal(page({ after: "x" }), undefined);
  assert.equal(page({ before: "x" }), undefined);
  assert.equal(page({ index: 6 }), undefined);
});

Deno.test("rsm: going through page by page gives every item once, forwards and backwards", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.string({ minLength: 1 }), { maxLength: 30 }),
      fc.integer({ min: 1, max: 7 }),
      (list, max) => {
        const walk = (
          request: PageRequest,
          next: (report: PageReport) => PageRequest | undefined,
        ): string[][] => {
          const pages: string[][] = [];
          for (let wanted: PageRequest | undefined = request; wanted !== undefined;) {
            const cut: Page<string> | undefined = pageOf(list, (item) => item, wanted, 100);
            assert.ok(cut);
            pages.push([...cut.items]);
            wanted = next(cut.report);
          }
          return pages;
        };
        const forwards = walk({ max }, ({ last }) => last === undefined ? undefined : { max, after: last })
          .flat();
        const backwards = walk(
          { max, before: "" },
          ({ first }) => first === undefined ? undefined : { max, before: first },
        )
          .reverse().flat();
        assert.deepEqual(forwards, list);
        assert.deepEqual(backwards, list);
      },
    ),
  );
});
