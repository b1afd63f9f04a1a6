"""Logging in: every mechanism that is offered, both ways to TLS, wrong passwords, unknown users."""

from trial import Account, Refused, run


async def main(trial):
    async with trial.check("register over STARTTLS and log in"):
        alice = await trial.newcomer("alice")
        assert alice.me.resource == "one", alice.me
    offered = alice.offered
    async with trial.check("mechanisms are offered, SCRAM among them, and PLAIN once there is TLS"):
        assert "SCRAM-SHA-1" in offered, offered
        assert "PLAIN" in offered, offered

    for direct, way in ((False, "STARTTLS"), (True, "direct TLS")):
        # slixmpp binds to tls-unique only, which TLS 1.3 does not have: see the fallback below.
        for mechanism in [name for name in offered if not name.endswith("-PLUS") and name not in ("EXTERNAL", "ANONYMOUS")]:
            async with trial.check(f"{mechanism} over {way}"):
                # With -PLUS offered slixmpp has to say "y", which the server must refuse (RFC 5802 6): a downgrade.
                client = trial.client(alice.account, "mechanism", mechanism=mechanism, direct=direct)
                downgrade = f"{mechanism}-PLUS" in offered
                try:
                    await client.login()
                    assert not downgrade or mechanism == "PLAIN", "a client that says y was let in although -PLUS is offered"
                except Refused:
                    if not downgrade:
                        raise
                await client.logout()

        async with trial.check(f"the client's own choice of mechanism over {way}, falling back from -PLUS where it must"):
            client = await trial.client(alice.account, "choice", direct=direct).login()
            await client.logout()

    async with trial.check("a wrong password is not-authorized"):
        stranger = Account("alice")
        stranger.name = alice.account.name
        await trial_refused(trial, stranger)
    async with trial.check("an unknown user gets the same answer"):
        await trial_refused(trial, Account("nobody"))
    async with trial.check("the right password still works afterwards"):
        await (await trial.again(alice, "after")).logout()
    async with trial.check("no resource asked for: the server makes one"):
        client = await trial.client(alice.account, "").login()
        assert client.me.resource, client.me
        await client.logout()


async def trial_refused(trial, account):
    client = trial.client(account, mechanism="SCRAM-SHA-1")
    try:
        await client.login()
    except Refused as refusal:
        assert refusal.conditions and set(refusal.conditions) == {"not-authorized"}, refusal
        return
    raise AssertionError("was let in")


run(main)
