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
            if f"{mechanism}-PLUS" in offered and mechanism != "SCRAM-SHA-1":
                continue  # refused like SCRAM-SHA-1; after ten failures our server holds its answers back
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

        async with trial.check(f"the client's own choice over {way}: SCRAM, after -PLUS where it has to fall back"):
            client = await trial.client(alice.account, "choice", direct=direct).login()
            used = client["feature_mechanisms"].mech.name
            assert used.startswith("SCRAM-"), f"ended with {used} after {client.failures}"
            await client.logout()

    answers = []
    async with trial.check("a wrong password is not-authorized"):
        stranger = Account("alice")
        stranger.name = alice.account.name
        answers.append(await shut_out(trial, stranger))
    async with trial.check("an unknown user gets the same answers"):
        answers.append(await shut_out(trial, Account("nobody")))
        assert answers[0] == answers[1], answers
    async with trial.check("the right password still works afterwards"):
        await (await trial.again(alice, "after")).logout()
    async with trial.check("no resource asked for: the server makes one"):
        client = await trial.client(alice.account, "").login()
        assert client.me.resource, client.me
        await client.logout()


async def shut_out(trial, account):
    """The conditions with which all of the client's attempts were refused; the last one has to be about the password."""
    client = trial.client(account)
    try:
        await client.login()
    except Refused as refusal:
        assert refusal.conditions and refusal.conditions[-1] == "not-authorized", refusal
        return refusal.conditions
    raise AssertionError("was let in")


run(main)
