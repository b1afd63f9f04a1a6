import assert from "node:assert/strict";
import { type TestOptions, testServer } from "#testing";
import { privateStorage } from "../../plugins/account/private.ts";
import { internal } from "../../plugins/auth/internal.ts";

const NS = "jabber:iq:private";
const server = (options: TestOptions = {}) =>
  testServer({ host: "shakespeare.lit", plugins: [privateStorage], ...options });
const error = (id: string, type: string, condition: string) =>
  `<iq id='${id}' type='error'><error type='${type}'><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`;
const EXODUS = "<exodus xmlns='exodus:prefs'><defaultnick>Hamlet</defaultnick></exodus>";

Deno.test("private: kept and given back (XEP-0049)", async () => {
  await using s = await server();
  const hamlet = await s.client("hamlet/denmark");
  await hamlet.send(`<iq type='set' id='1001'><query xmlns='${NS}'>${EXODUS}</query></iq>`);
  hamlet.expect("<iq type='result' id='1001'/>");
  await hamlet.send(
    `<iq type='get' id='1002'><query xmlns='${NS}'><exodus xmlns='exodus:prefs'/></query></iq>`,
  );
  const answer = hamlet.expect(`<iq type='result' id='1002'><query xmlns='${NS}'>${EXODUS}</query></iq>`);
  assert.equal(answer.first()!.elements().length, 1);
  // Another device of the account sees the same.
  const second = await s.client("hamlet/england");
  await second.send(
    `<iq type='get' id='1' to='hamlet@shakespeare.lit'><query xmlns='${NS}'><exodus xmlns='exodus:prefs'/></query></iq>`,
  );
  second.expect(`<iq type='result' id='1'><query xmlns='${NS}'>${EXODUS}</query></iq>`);
});

Deno.test("private: what was never kept comes back empty; an empty element removes", async () => {
  await using s = await server();
  const hamlet = await s.client("hamlet/denmark");
  const get = async () => {
    await hamlet.send(
      `<iq type='get' id='g'><query xmlns='${NS}'><exodus xmlns='exodus:prefs'/></query></iq>`,
    );
    const query = hamlet.expect("<iq type='result' id='g'/>").first()!;
    assert.equal(query.first()!.ns, "exodus:prefs");
    return query.first()!.elements().length;
  };
  assert.equal(await get(), 0);
  await hamlet.send(`<iq type='set' id='s'><query xmlns='${NS}'>${EXODUS}</query></iq>`);
  assert.equal((hamlet.clear(), await get()), 1);
  await hamlet.send(`<iq type='set' id='s'><query xmlns='${NS}'><exodus xmlns='exodus:prefs'/></query></iq>`);
  assert.equal((hamlet.clear(), await get()), 0);
});

Deno.test("private: several at once, and a set replaces only what it names", async () => {
  await using s = await server();
  const hamlet = await s.client("hamlet/denmark");
  await hamlet.send(`<iq type='set' id='1'><query xmlns='${NS}'>${EXODUS}
    <storage xmlns='storage:bookmarks'><conference jid='a@b'/></storage><other xmlns='exodus:prefs'>o</other></query></iq>`);
  hamlet.expect("<iq type='result' id='1'/>");
  await hamlet.send(
    `<iq type='set' id='2'><query xmlns='${NS}'><other xmlns='exodus:prefs'>p</other></query></iq>`,
  );
  await hamlet.send(
    `<iq type='get' id='3'><query xmlns='${NS}'><exodus xmlns='exodus:prefs'/><other xmlns='exodus:prefs'/></query></iq>`,
  );
  hamlet.expect(
    `<iq type='result' id='3'><query xmlns='${NS}'>${EXODUS}<other xmlns='exodus:prefs'>p</other></query></iq>`,
  );
  await hamlet.send(
    `<iq type='get' id='4'><query xmlns='${NS}'><exodus xmlns='exodus:prefs'/><storage xmlns='storage:bookmarks'/></query></iq>`,
  );
  hamlet.expect(error("4", "modify", "bad-request"));
});

Deno.test("private: somebody else's is not for strangers", async () => {
  await using s = await server();
  const hamlet = await s.client("hamlet/denmark");
  const macbeth = await s.client("macbeth/scotland");
  await hamlet.send(`<iq type='set' id='1'><query xmlns='${NS}'>${EXODUS}</query></iq>`);
  for (const type of ["get", "set"]) {
    await macbeth.send(`<iq type='${type}' to='hamlet@shakespeare.lit' id='1003'><query xmlns='${NS}'>
      <exodus xmlns='exodus:prefs'><defaultnick>Macbeth</defaultnick></exodus></query></iq>`);
    macbeth.expect(error("1003", "cancel", "service-unavailable"));
  }
  await hamlet.send(`<iq type='get' id='2'><query xmlns='${NS}'><exodus xmlns='exodus:prefs'/></query></iq>`);
  hamlet.expect(`<iq id='2'><query xmlns='${NS}'>${EXODUS}</query></iq>`);
  const remote = s.remote("b.test");
  await remote.send(
    `<iq type='get' from='x@b.test/y' to='hamlet@shakespeare.lit' id='3'><query xmlns='${NS}'><exodus xmlns='exodus:prefs'/></query></iq>`,
  );
  remote.expect(error("3", "cancel", "service-unavailable"));
});

Deno.test("private: an element without a namespace of its own", async () => {
  await using s = await server();
  const hamlet = await s.client("hamlet/denmark");
  for (const inner of ["", "<x/>", "text", "<x xmlns=''/>", `${EXODUS}<x/>`]) {
    for (const type of ["get", "set"]) {
      await hamlet.send(`<iq type='${type}' id='1004'><query xmlns='${NS}'>${inner}</query></iq>`);
      hamlet.expect(error("1004", "modify", "not-acceptable"));
    }
  }
});

Deno.test("private: the limits, in elements and in bytes", async () => {
  await using s = await server({ config: { defaults: { private: { elements: 2, size: "1 KiB" } } } });
  const hamlet = await s.client("hamlet/denmark");
  const put = async (id: string, inner: string) => {
    await hamlet.send(`<iq type='set' id='${id}'><query xmlns='${NS}'>${inner}</query></iq>`);
  };
  await put("1", "<a xmlns='urn:a'>1</a><b xmlns='urn:b'>2</b>");
  hamlet.expect("<iq id='1' type='result'/>");
  await put("2", "<c xmlns='urn:c'>3</c>");
  hamlet.expect(error("2", "modify", "policy-violation"));
  await put("3", `<a xmlns='urn:a'>${"ö".repeat(600)}</a>`);
  hamlet.expect(error("3", "modify", "policy-violation"));
  // Nothing of a refused request was taken, and one may go where another came.
  await put("4", "<b xmlns='urn:b'/><c xmlns='urn:c'>3</c>");
  hamlet.expect("<iq id='4' type='result'/>");
  await hamlet.send(`<iq type='get' id='5'><query xmlns='${NS}'><a xmlns='urn:a'/></query></iq>`);
  hamlet.expect(`<iq id='5'><query xmlns='${NS}'><a xmlns='urn:a'>1</a></query></iq>`);
});

Deno.test("private: the result waits for the disk, and it is there after a restart; gone with the account", async () => {
  const folder = await Deno.makeTempDir();
  const options = { data: `${folder}/data.sqlite`, plugins: [internal, privateStorage] };
  try {
    {
      await using s = await server(options);
      const hamlet = await s.client("hamlet/denmark");
      await hamlet.send(`<iq type='set' id='1'><query xmlns='${NS}'>${EXODUS}</query></iq>`);
      hamlet.expect("<iq id='1' type='result'/>");
      assert.equal(s.host.storage.dirty, false);
    }
    {
      await using s = await server(options);
      const hamlet = await s.client("hamlet/denmark");
      await hamlet.send(
        `<iq type='get' id='2'><query xmlns='${NS}'><exodus xmlns='exodus:prefs'/></query></iq>`,
      );
      hamlet.expect(`<iq id='2'><query xmlns='${NS}'>${EXODUS}</query></iq>`);
      s.host.accounts.remove("hamlet");
      await s.settle();
      assert.deepEqual([...s.host.storage.owners("shakespeare.lit")], []);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
