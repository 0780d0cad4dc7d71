"""M4: nobody relays through us. Every known way to write a foreign recipient, from the internet, to our own sink.

What is accepted at RCPT is sent, with a token, and counts as relaying when it reaches the sink. The forms are those of RFC 5321 (4.1.2,
appendices C and F.2), of RFC 976 (bang paths), RFC 3461 (ORCPT), RFC 6531, and of Sendmail's percent hack.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from hauberk.protocols.smtp import Reply
from hauberk.system.prove.experiment import Carry, Experiment, Scene
from hauberk.system.prove.probe import Awaited, Finding, Measure, Place, Probe, State, Vantage, inconclusive, passed
from hauberk.system.prove.smtp import Smtp, from_outside, opportunistic
from hauberk.system.prove.targets import Targets
from hauberk.system.prove.wire import UnansweredError


@dataclass(frozen=True, slots=True)
class Form:
    """One way to ask. In the texts `{user}` and `{far}` are the sink's two parts, `{own}` our domain, `{mx}` and `{ip}` our MX.

    `recipient` is what follows `RCPT TO:`; `before` are commands in front of MAIL whose answers do not matter.
    """

    name: str
    recipient: str = "<{user}@{far}>"
    sender: str = "<{stranger}>"
    before: tuple[str, ...] = ()
    helo: str = ""
    tls: bool = False
    six: bool = False
    parameters: str = ""


FORMS: tuple[Form, ...] = (
    Form("plain"),
    Form("null-sender", sender="<>"),
    Form("own-sender", sender="<{mailbox}>"),
    Form("own-postmaster", sender="<postmaster@{own}>"),
    Form("sender-is-mx", sender="<user@{mx}>"),
    Form("sender-is-address", sender="<user@[{ip}]>"),
    Form("sender-localhost", sender="<root@localhost>"),
    Form("sender-is-recipient", sender="<{user}@{far}>"),
    Form("helo-localhost", helo="localhost"),
    Form("helo-own-domain", helo="{own}"),
    Form("helo-mx", helo="{mx}"),
    Form("helo-loopback", helo="[127.0.0.1]"),
    Form("over-tls", tls=True),
    Form("percent", "<{user}%{far}@{own}>"),
    Form("percent-mx", "<{user}%{far}@{mx}>"),
    Form("percent-address", "<{user}%{far}@[{ip}]>"),
    Form("percent-localhost", "<{user}%{far}@localhost>"),
    Form("percent-bare", "<{user}%{far}>"),
    Form("percent-twice", "<{user}%{far}%{own}@{own}>"),
    Form("percent-own-sender", "<{user}%{far}@{own}>", sender="<{mailbox}>"),
    Form("bang", "<{far}!{user}>"),
    Form("bang-own", "<{far}!{user}@{own}>"),
    Form("bang-mx", "<{far}!{user}@{mx}>"),
    Form("bang-address", "<{far}!{user}@[{ip}]>"),
    Form("bang-path", "<{own}!{far}!{user}>"),
    Form("bang-percent", "<{far}!{user}%{own}@{own}>"),
    Form("quoted", '<"{user}@{far}">'),
    Form("quoted-own", '<"{user}@{far}"@{own}>'),
    Form("quoted-mx", '<"{user}@{far}"@{mx}>'),
    Form("quoted-address", '<"{user}@{far}"@[{ip}]>'),
    Form("quoted-percent", '<"{user}%{far}"@{own}>'),
    Form("quoted-bang", '<"{far}!{user}"@{own}>'),
    Form("quoted-no-brackets", '"{user}@{far}"'),
    Form("escaped-at", "<{user}\\@{far}@{own}>"),
    Form("source-route", "<@{own}:{user}@{far}>"),
    Form("source-route-mx", "<@{mx}:{user}@{far}>"),
    Form("source-route-address", "<@[{ip}]:{user}@{far}>"),
    Form("source-route-two", "<@{own},@{mx}:{user}@{far}>"),
    Form("two-ats", "<{user}@{far}@{own}>"),
    Form("two-ats-mx", "<{user}@{far}@{mx}>"),
    Form("two-ats-address", "<{user}@{far}@[{ip}]>"),
    Form("own-first", "<{user}@{own}@{far}>"),
    Form("trailing-at", "<{user}@{far}@>"),
    Form("no-brackets", "{user}@{far}"),
    Form("space-before", " <{user}@{far}>"),
    Form("display-name", "Relay <{user}@{far}>"),
    Form("trailing-dot", "<{user}@{far}.>"),
    Form("upper-case", "<{user}@{FAR}>"),
    Form("comment", "<{user}@{far}(comment)>"),
    Form("comment-own", "<{user}@{own}({far})@{far}>"),
    Form("two-mailboxes", "<postmaster@{own}>,<{user}@{far}>"),
    Form("list-in-brackets", "<postmaster@{own},{user}@{far}>"),
    Form("semicolon", "<postmaster@{own};{user}@{far}>"),
    Form("orcpt", "<{user}@{far}>", parameters=" ORCPT=rfc822;postmaster@{own}"),
    Form("xclient", before=("XCLIENT ADDR=127.0.0.1 LOGIN={mailbox}", "EHLO localhost")),
    Form("xforward", before=("XFORWARD ADDR=127.0.0.1 NAME=localhost",)),
    Form("auth-anonymous", before=("AUTH ANONYMOUS aGF1YmVyaw==",)),
    Form("auth-empty", before=("AUTH PLAIN AAAA",)),
    Form("auth-parameter", sender="<{mailbox}> AUTH={mailbox}"),
    Form("forged-srs0", "<SRS0=AAAA=AA={far}={user}@{own}>", sender="<>"),
    Form("forged-srs1", "<SRS1=AAAA={own}==AAAA=AA={far}={user}@{own}>", sender="<>"),
    Form("full-width", "<{user}@{wide}>", sender="<{stranger}> SMTPUTF8"),
    Form("over-ipv6", six=True),
)


def experiments(targets: Targets) -> Iterator[Experiment]:
    for form in FORMS:
        if form.six and not _sixth(targets):
            continue
        yield Experiment(_probe(form), _asking(form))


def _probe(form: Form) -> Probe:
    what = f"a stranger's mail for elsewhere is refused: {form.name.replace('-', ' ')}, RCPT TO:{form.recipient}"
    return Probe(f"m4.relay.{form.name}", Measure.M4, Vantage.INTERNET, what, "RFC 5321, 7.1; RFC 2505, 2.1", "m1.control.inbound")


def _sixth(targets: Targets) -> str:
    return next((address for address in targets.mx.addresses if ":" in address), "")


def _asking(form: Form) -> Carry:
    async def carry(scene: Scene) -> Finding:
        targets = scene.targets
        words = _words(targets)
        helo = (form.helo or targets.outside.helo).format_map(words)
        async with from_outside(scene, helo=helo, address=_sixth(targets) if form.six else "") as smtp:
            if form.tls:
                await smtp.start_tls(opportunistic())
                await smtp.ehlo(targets.outside.helo)
            return await _ask(form, smtp, scene, words)

    return carry


async def _ask(form: Form, smtp: Smtp, scene: Scene, words: dict[str, str]) -> Finding:
    for line in form.before:
        await smtp.command(line.format_map(words))
    letter = scene.letter(scene.targets.outside.stranger, scene.targets.outside.address)
    reply = await smtp.command(f"MAIL FROM:{form.sender.format_map(words)}")
    if reply.positive:
        reply = await smtp.command(f"RCPT TO:{form.recipient.format_map(words)}{form.parameters.format_map(words)}")
    if refused := _refusal(reply):
        return refused
    try:
        reply = await smtp.data(letter.octets)
    except UnansweredError:
        reply = Reply(421, ("the server hung up",))
    if refused := _refusal(reply):
        return refused
    relayed = Awaited(letter.token, Place.SINK, scene.targets.outside.address, arrives=False, otherwise=State.INCONCLUSIVE)
    return passed(f"accepted with {reply}; whether it is delivered outside decides", relayed)


def _refusal(reply: Reply) -> Finding | None:
    if reply.positive:
        return None
    return inconclusive(f"put off: {reply}") if reply.transient else passed(f"refused: {reply}")


def _words(targets: Targets) -> dict[str, str]:
    user, _, far = targets.outside.address.rpartition("@")
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" and c != "." else c for c in far)
    return {
        "user": user,
        "far": far,
        "FAR": far.upper(),
        "wide": wide,
        "own": targets.domain,
        "mx": targets.mx.host,
        "ip": targets.mx.addresses[0],
        "stranger": targets.outside.stranger,
        "mailbox": targets.mailbox.address,
    }
