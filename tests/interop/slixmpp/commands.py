"""Ad-hoc commands (XEP-0050, XEP-0004): listed, a form asked for, filled in, completed, cancelled; what makes no sense."""

from slixmpp.xmlstream import ET

from trial import DOMAIN, WAIT, expect, run

COMMANDS = "http://jabber.org/protocol/commands"
NODE = "http://metronome.im/protocol/csi#config"


async def main(trial):
    alice = await trial.newcomer("alice", plugins=("xep_0004", "xep_0050"))
    commands = alice["xep_0050"]

    async def execute(action, session=None, form=None):
        answer = await commands.send_command(DOMAIN, NODE, action=action, sessionid=session, payload=form, timeout=WAIT)
        return answer["command"]

    def values(command):
        return {field["var"]: field["value"] for field in command["form"] if field["var"]}

    async with trial.check("commands: announced, and listed with their names"):
        info = await alice["xep_0030"].get_info(jid=DOMAIN, timeout=WAIT)
        assert COMMANDS in info["disco_info"]["features"], info["disco_info"]["features"]
        listed = await commands.get_commands(DOMAIN, timeout=WAIT)
        names = {node: name for _, node, name in listed["disco_items"]["items"]}
        assert names.get(NODE), names
    async with trial.check("commands: a form with fields of a kind, what is allowed to be done with it, and a session"):
        first = await execute("execute")
        assert first["status"] == "executing" and first["sessionid"], first
        assert "complete" in first["actions"], first["actions"]
        kinds = {field["var"]: field["type"] for field in first["form"]}
        assert "boolean" in kinds.values(), kinds
        before = values(first)
    async with trial.check("commands: filled in and completed; the next execution shows what was said"):
        name = next(var for var, kind in kinds.items() if kind == "boolean")
        form = alice["xep_0004"].make_form(ftype="submit")
        for var, value in before.items():
            wanted = not value if var == name else value
            form.add_field(var=var, value="true" if wanted is True else "false" if wanted is False else wanted)
        done = await execute("complete", first["sessionid"], [form])
        assert done["status"] == "completed", done
        after = values(await execute("execute"))
        assert after[name] is not before[name], (before, after)
    async with trial.check("commands: cancelled, and its session is over"):
        again = await execute("execute")
        cancelled = await execute("cancel", again["sessionid"])
        assert cancelled["status"] == "canceled", cancelled
        try:
            await execute("complete", again["sessionid"], [form])
        except Exception as error:
            assert getattr(error, "condition", "") in ("bad-request", "item-not-found", "not-allowed"), error
        else:
            raise AssertionError("a cancelled session went on")
    async with trial.check("commands: one that nobody knows"):
        payload = ET.Element(f"{{{COMMANDS}}}command", {"node": "urn:no:such:command", "action": "execute"})
        await expect(alice.ask("set", DOMAIN, payload), "item-not-found")


run(main)
