"""What accounts show of themselves: pictures (XEP-0084, XEP-0153, XEP-0398), cards (XEP-0054, XEP-0292), nicknames
(XEP-0172), and their bookmarks (XEP-0048, XEP-0049, XEP-0402), the same whichever way one looks."""

import hashlib

from slixmpp.stanza import Presence
from slixmpp.xmlstream import ET

from trial import DOMAIN, WAIT, run

PLUGINS = ("xep_0004", "xep_0048", "xep_0060", "xep_0084", "xep_0115", "xep_0153", "xep_0163", "xep_0172", "xep_0223")
BOOKMARKS = "urn:xmpp:bookmarks:1"
VCARD4 = "urn:ietf:params:xml:ns:vcard-4.0"
PHOTO = "{vcard-temp:x:update}x/{vcard-temp:x:update}photo"
PICTURES = [b"\x89PNG\r\n\x1a\n" + bytes([number]) * 200 for number in range(3)]
HASHES = [hashlib.sha1(picture).hexdigest() for picture in PICTURES]


def shows(client, photo):
    """A presence of a client's whose photo is this hash, or said to be none."""
    return lambda p: p["from"].bare == client.bare and p.xml.findtext(PHOTO) == photo


async def card_of(client, jid):
    return (await client["xep_0054"].get_vcard(jid, cached=False, timeout=WAIT))["vcard_temp"]


async def main(trial):
    alice = await trial.newcomer("alice", plugins=PLUGINS)
    bob = await trial.newcomer("bob", plugins=PLUGINS)
    await trial.friends(alice, bob)
    avatar = alice["xep_0084"]

    async with trial.check("announced by the account"):
        info = await alice["xep_0030"].get_info(jid=alice.bare, timeout=WAIT, local=False, cached=False)
        wanted = {"urn:xmpp:pep-vcard-conversion:0", f"{BOOKMARKS}#compat", f"{BOOKMARKS}#compat-pep", VCARD4}
        assert wanted <= set(info["disco_info"]["features"]), info["disco_info"]["features"]

    async with trial.check("a card is set, and set again with a picture: published, told, and in presence"):
        card = alice["xep_0054"].stanza.VCardTemp()
        card["FN"] = "Alice"
        await alice["xep_0054"].publish_vcard(card, timeout=WAIT)
        await alice["xep_0153"].set_avatar(avatar=PICTURES[0], mtype="image/png", timeout=WAIT)
        await bob.take(Presence, shows(alice, HASHES[0]), "with the hash")
        got = await bob["xep_0084"].retrieve_avatar(alice.bare, HASHES[0], timeout=WAIT)
        assert got["pubsub"]["items"]["item"]["avatar_data"]["value"] == PICTURES[0], got
        meta = await bob["xep_0060"].get_items(alice.bare, "urn:xmpp:avatar:metadata", timeout=WAIT)
        said = meta.xml.find(".//{urn:xmpp:avatar:metadata}info")
        assert (said.get("bytes"), said.get("type"), said.get("id")) == (str(len(PICTURES[0])), "image/png", HASHES[0]), meta
    async with trial.check("a picture is published: in the card, the rest of which stays, and in presence"):
        await avatar.publish_avatar(PICTURES[1], timeout=WAIT)
        what = {"id": HASHES[1], "type": "image/png", "bytes": len(PICTURES[1])}
        await avatar.publish_avatar_metadata([what], timeout=WAIT)
        await bob.take(Presence, shows(alice, HASHES[1]), "with the hash")
        card = await card_of(bob, alice.bare)
        assert card["PHOTO"]["BINVAL"] == PICTURES[1] and card["FN"] == "Alice", card
    async with trial.check("a picture for somebody who comes online later"):
        tablet = await trial.again(bob, "tablet", plugins=PLUGINS)
        await tablet.take(Presence, shows(alice, HASHES[1]), "with the hash")
    async with trial.check("switched off: not in the card, and presence says so"):
        await avatar.stop(timeout=WAIT)
        await bob.take(Presence, shows(alice, ""), "without a picture")
        assert (await card_of(bob, alice.bare))["PHOTO"]["BINVAL"] in (b"", None, "")

    async with trial.check("a nickname is published, and in the card"):
        await alice["xep_0172"].publish_nick("Al", timeout=WAIT)
        nicknames = (await card_of(bob, alice.bare)).xml.findall("{vcard-temp}NICKNAME")
        assert [nickname.text for nickname in nicknames] == ["Al"], nicknames
    async with trial.check("the newer card has it all, at its node and directly"):
        query = ET.Element(f"{{{VCARD4}}}vcard")
        for answer in (await bob.ask("get", alice.bare, query),
                       await bob["xep_0060"].get_items(alice.bare, "urn:xmpp:vcard4", timeout=WAIT)):
            name, nickname = (answer.xml.findtext(f".//{{{VCARD4}}}{it}/{{{VCARD4}}}text") for it in ("fn", "nickname"))
            assert (name, nickname) == ("Alice", "Al"), answer

    def rooms(storage):
        return {str(it["jid"]): (it["name"], it["nick"], it["autojoin"]) for it in storage["conferences"]}

    async def listed():
        private = (await alice["xep_0048"].get_bookmarks(method="xep_0049", timeout=WAIT))["private"]["bookmarks"]
        answer = await alice["xep_0048"].get_bookmarks(method="xep_0223", timeout=WAIT)
        published = answer["pubsub"]["items"]["item"]["bookmarks"]
        assert rooms(private) == rooms(published), (private, published)
        one_by_one = await alice["xep_0060"].get_items(None, BOOKMARKS, timeout=WAIT)
        items = one_by_one.xml.iter("{http://jabber.org/protocol/pubsub}item")
        now = {item.get("id"): (item[0].get("name"), item[0].findtext(f"{{{BOOKMARKS}}}nick") or "",
                                item[0].get("autojoin") in ("1", "true")) for item in items}
        assert now == rooms(private), (now, private)
        return now

    lab, hall = f"lab@muc.{DOMAIN}", f"hall@muc.{DOMAIN}"
    async with trial.check("bookmarks: stored in private XML, they are everywhere"):
        bookmarks = alice["xep_0048"].stanza.Bookmarks()
        bookmarks.add_conference(lab, "Al", name="The Lab", autojoin=True)
        await alice["xep_0048"].set_bookmarks(bookmarks, method="xep_0049", timeout=WAIT)
        assert await listed() == {lab: ("The Lab", "Al", True)}
    async with trial.check("bookmarks: stored at the older node, they are everywhere"):
        bookmarks.add_conference(hall, "A", name="The Hall")
        await alice["xep_0048"].set_bookmarks(bookmarks, method="xep_0223", id="current", timeout=WAIT)
        assert await listed() == {lab: ("The Lab", "Al", True), hall: ("The Hall", "A", False)}
    async with trial.check("bookmarks: one is changed and one is taken away at the newer node"):
        conference = ET.Element(f"{{{BOOKMARKS}}}conference", name="The Great Hall", autojoin="1")
        await alice["xep_0060"].publish(None, BOOKMARKS, hall, conference, timeout=WAIT)
        await alice["xep_0060"].retract(None, BOOKMARKS, lab, notify="1", timeout=WAIT)
        assert await listed() == {hall: ("The Great Hall", "", True)}


run(main)
