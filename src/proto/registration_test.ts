import assert from "node:assert/strict";
import { parseXml } from "../xml/parse.ts";
import { buildDiscoItems, readDiscoInfo, readDiscoItems } from "./disco.ts";
import { formShape } from "./form_shape.ts";
import { valueOf } from "./forms.ts";
import { buildRegistration, readRegistration } from "./registration.ts";

const query = (inner: string) => parseXml(`<query xmlns='jabber:iq:register'>${inner}</query>`);
const FORM = formShape("jabber:iq:register", { username: { kind: "text", label: "Name", required: true } });

Deno.test("registration: the answers of XEP-0077", () => {
  const offer = buildRegistration({
    instructions: "Choose a username",
    fields: ["username", "password", "email"],
  });
  assert.equal(
    offer.toString().replaceAll('"', "'"),
    "<query xmlns='jabber:iq:register'><instructions>Choose a username</instructions><username/><password/><email/></query>",
  );
  const known = buildRegistration({ fields: ["username", "password"], registered: { username: "juliet" } });
  assert.ok(known.has("registered"));
  assert.equal(known.childText("username"), "juliet");
  assert.equal(known.childText("password"), "");
  const whole = buildRegistration({
    fields: ["username"],
    form: FORM.form(),
    url: "http://www.shakespeare.lit/contests.php",
  });
  assert.ok(whole.has("x", "jabber:x:data"));
  assert.equal(whole.child("x", "jabber:x:oob")?.childText("url"), "http://www.shakespeare.lit/contests.php");
});

Deno.test("registration: what is asked for", () => {
  const simple = readRegistration(
    query("<username>bill</username><password>Calliope</password><evil>x</evil>"),
  );
  assert.ok(simple.kind === "submit");
  assert.deepEqual([...simple.values], [["username", "bill"], ["password", "Calliope"]]);
  assert.equal(simple.about, undefined);
  assert.deepEqual(readRegistration(query("<remove/>")), { kind: "remove" });
  assert.deepEqual(readRegistration(query("<remove/><username>x</username>")), { kind: "malformed" });
  assert.deepEqual(readRegistration(query("<remove/><x xmlns='jabber:x:data' type='submit'/>")), {
    kind: "malformed",
  });
  assert.deepEqual(readRegistration(query("")), { kind: "malformed" });
  assert.deepEqual(readRegistration(query("<x xmlns='jabber:x:data' type='cancel'/>")), { kind: "cancel" });
});

Deno.test("registration: a data form goes before the simple fields (XEP-0077 §6)", () => {
  const both = readRegistration(query(
    "<username>ignored</username><x xmlns='jabber:x:data' type='submit'>" +
      "<field type='hidden' var='FORM_TYPE'><value>jabber:iq:register:changepassword</value></field>" +
      "<field var='username'><value>bill@shakespeare.lit</value></field><field var='old_password'><value>theglobe</value></field></x>",
  ));
  assert.ok(both.kind === "submit");
  assert.equal(both.about, "jabber:iq:register:changepassword");
  assert.deepEqual([...both.values], [["username", "bill@shakespeare.lit"], ["old_password", "theglobe"]]);
});

Deno.test("disco: a server's information with the form of XEP-0128", () => {
  const info = readDiscoInfo(parseXml(`<query xmlns='http://jabber.org/protocol/disco#info'>
    <identity category='server' type='im' name='shakespeare.lit jabber server'/>
    <identity category='server'/><feature/>
    <feature var='jabber:iq:register'/>
    <x xmlns='jabber:x:data' type='result'>
      <field var='FORM_TYPE' type='hidden'><value>http://jabber.org/network/serverinfo</value></field>
      <field var='c2s_port'><value>5222</value></field>
    </x>
  </query>`));
  assert.deepEqual(info.identities, [
    { category: "server", type: "im", name: "shakespeare.lit jabber server", lang: undefined },
  ]);
  assert.deepEqual(info.features, ["jabber:iq:register"]);
  assert.equal(info.forms[0] && valueOf(info.forms[0], "c2s_port"), "5222");
});

Deno.test("disco: items there and back, the node mirrored", () => {
  const items = [
    { jid: "catalog.shakespeare.lit", node: "books", name: "Books by and about Shakespeare" },
    { jid: "people.shakespeare.lit", node: undefined, name: undefined },
  ];
  const element = parseXml(buildDiscoItems(items, "music").toString());
  assert.equal(element.attr("node"), "music");
  assert.deepEqual(readDiscoItems(element), items);
  assert.deepEqual(
    readDiscoItems(
      parseXml("<query xmlns='http://jabber.org/protocol/disco#items'><item name='x'/></query>"),
    ),
    [],
  );
});
