"""In-band registration (XEP-0077): make, conflict, form, change the password, remove."""

from slixmpp.exceptions import IqError, IqTimeout

from trial import DOMAIN, WAIT, Account, Refused, run


async def main(trial):
    account = Account("alice")
    async with trial.check("the stream offers registration and a form with user name and password"):
        alice = await trial.client(account, register=True).login()
        form = alice.registration.result()["register"]
        assert {"username", "password"} <= set(form["fields"]), form
    async with trial.check("registering a name that is taken is a conflict"):
        twin = Account("alice")
        twin.name = account.name
        client = trial.client(twin, register=True)
        try:
            await client.login()
            raise AssertionError("was let in")
        except Refused as refusal:
            assert "conflict" in str(refusal), refusal
    async with trial.check("the form of a logged-in user says registered, with the name"):
        form = (await alice["xep_0077"].get_registration(jid=DOMAIN, timeout=WAIT))["register"]
        assert form["registered"], form
        assert form["username"] == account.name, form
    async with trial.check("change the password"):
        old, account.password = account.password, "a-new-and-better-1"
        await alice["xep_0077"].change_password(account.password, jid=DOMAIN, timeout=WAIT)
        await (await trial.again(alice, "new")).logout()
    async with trial.check("the old password is refused then"):
        stale = Account("alice")
        stale.name, stale.password = account.name, old
        await shut_out(trial, stale)
    async with trial.check("remove the account: the stream ends, nobody logs in any more"):
        try:
            await alice["xep_0077"].cancel_registration(timeout=WAIT)
        except (IqError, IqTimeout) as error:
            if not alice.closed.done():
                raise AssertionError(f"neither a result nor the end of the stream: {error}") from None
        await alice.closed
        await shut_out(trial, account)
    async with trial.check("the name is free again, and nothing of the old account is left"):
        heir = Account("alice")
        heir.name = account.name
        client = await trial.client(heir, register=True).login()
        assert not list(client.client_roster.keys()) or set(client.client_roster.keys()) <= {client.bare}
        await client["xep_0077"].cancel_registration(timeout=WAIT)


async def shut_out(trial, account):
    client = trial.client(account)
    try:
        await client.login()
    except Refused as refusal:
        assert refusal.conditions and refusal.conditions[-1] in ("not-authorized", "account-disabled"), refusal
        return
    raise AssertionError("was let in")


run(main)
