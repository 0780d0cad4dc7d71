"""M4: a message ends at CRLF . CRLF and nowhere else, and nothing is pushed past STARTTLS.

SMTP smuggling (SEC Consult, December 2023; CVE-2023-51764 Postfix, -51765 Sendmail, -51766 Exim): what one server takes for the end of the
data and another does not lets a stranger put a second message into the first. RFC 5321, 2.3.8 and 4.1.1.4 allow exactly one form.
"""

from collections.abc import Iterator

from hauberk.protocols.smtp import Reply
from hauberk.system.prove.experiment import Carry, Experiment, Scene
from hauberk.system.prove.probe import Awaited, Finding, Measure, Place, Probe, Vantage, failed, inconclusive, passed
from hauberk.system.prove.smtp import END, Smtp, from_outside, opportunistic
from hauberk.system.prove.targets import Targets
from hauberk.system.prove.wire import UnansweredError, connected

CONTROL = "m1.control.inbound"
_QUIET = 0.7  # seconds in which an injected command would have been answered
_MOST = 8  # replies to one piece

ENDS: dict[str, bytes] = {
    "lf-dot-lf": b"\n.\n",
    "lf-dot-crlf": b"\n.\r\n",
    "lf-dot-cr": b"\n.\r",
    "crlf-dot-lf": b"\r\n.\n",
    "crlf-dot-cr": b"\r\n.\r",
    "cr-dot-lf": b"\r.\n",
    "cr-dot-cr": b"\r.\r",
    "cr-dot-crlf": b"\r.\r\n",
    "crcrlf-dot-crcrlf": b"\r\r\n.\r\r\n",
    "crlf-dot-crcrlf": b"\r\n.\r\r\n",
    "lf-lf-dot-lf": b"\n\n.\n",
    "crlf-nul-dot-crlf": b"\r\n\0.\r\n",
    "crlf-dot-nul-crlf": b"\r\n.\0\r\n",
    "crlf-space-dot-crlf": b"\r\n .\r\n",
    "crlf-dot-space-crlf": b"\r\n. \r\n",
    "crlf-dot-tab-crlf": b"\r\n.\t\r\n",
    "lf-cr-dot-lf-cr": b"\n\r.\n\r",
    "crlf-next-line-dot": b"\r\n\x85.\r\n",
    "vertical-tab-dot": b"\x0b.\x0b",
    "form-feed-dot": b"\x0c.\x0c",
}


def experiments(targets: Targets) -> Iterator[Experiment]:
    for name, end in ENDS.items():
        what = f"{_shown(end)} does not end a message"
        probe = Probe(f"m4.smuggling.{name}", Measure.M4, Vantage.INTERNET, what, "RFC 5321, 4.1.1.4; CVE-2023-51764", CONTROL)
        yield Experiment(probe, _smuggle(end))
    what = "commands sent behind STARTTLS in clear are thrown away"
    yield Experiment(
        Probe("m4.injection.starttls", Measure.M4, Vantage.INTERNET, what, "RFC 3207, 6; CVE-2011-0411", CONTROL),
        _inject,
    )
    what = "a client that talks before it is answered is refused"
    yield Experiment(Probe("m4.injection.early-talker", Measure.M4, Vantage.INTERNET, what, "RFC 2920, 3.1", CONTROL), _talk_early)
    what = "VRFY does not tell a stranger who is here"
    yield Experiment(Probe("m4.commands.vrfy", Measure.M4, Vantage.INTERNET, what, "RFC 5321, 7.3", CONTROL), _verify)
    for verb, argument in (("EXPN", "postmaster"), ("ETRN", "{own}")):
        what = f"{verb} tells a stranger nothing"
        probe = Probe(f"m4.commands.{verb.lower()}", Measure.M4, Vantage.INTERNET, what, "RFC 5321, 7.3; RFC 1985", CONTROL)
        yield Experiment(probe, _ask(verb, argument))
    what = "nobody can log in on port 25, so passwords cannot be guessed there"
    yield Experiment(Probe("m4.commands.no-auth", Measure.M4, Vantage.INTERNET, what, "RFC 8314, 3.3", CONTROL), _offered_auth)


_NAMES = {10: "LF", 13: "CR", 46: ".", 0: "NUL", 32: "SP", 9: "TAB", 11: "VT", 12: "FF"}


def _shown(end: bytes) -> str:
    return " ".join(_NAMES.get(octet, f"{octet:#04x}") for octet in end)


def _smuggle(end: bytes) -> Carry:
    async def carry(scene: Scene) -> Finding:
        foe, recipient = scene.targets.outside, scene.targets.mailbox.address
        cover = scene.letter(foe.stranger, recipient)
        hidden = scene.letter(f"admin@{scene.targets.domain}", recipient, subject="Hauberk probe, smuggled")
        absent = Awaited(hidden.token, Place.MAILBOX, recipient, arrives=False)
        async with from_outside(scene) as smtp:
            reply = await smtp.envelope(foe.stranger, recipient)
            if reply.positive:
                reply = await smtp.command("DATA")
            if reply.code != 354:
                return inconclusive(f"the first message was not taken: {reply}")
            commands = f"MAIL FROM:<{foe.stranger}>\r\nRCPT TO:<{recipient}>\r\nDATA\r\n".encode()
            smuggled = commands + hidden.octets.removesuffix(b"\r\n")
            replies = await _replies(smtp, cover.octets.removesuffix(b"\r\n") + end + smuggled + END)
        if not replies:
            return inconclusive("nothing was answered to the data", absent)
        said = "; ".join(str(one) for one in replies)[:300]
        if len(replies) > 1 and replies[1].positive:
            return failed(f"it was taken for the end: the next commands were answered ({said})", absent)
        if replies[0].transient:
            return inconclusive(f"put off: {said}", absent)
        return passed(f"answered with {said}", absent)

    return carry


async def _replies(smtp: Smtp, data: bytes) -> list[Reply]:
    """All replies to what was sent, up to that of a QUIT behind it: one is as it should be; more mean that commands were seen in it."""
    replies: list[Reply] = []
    try:
        await smtp.wire.send(data + b"QUIT\r\n")
        while len(replies) < _MOST:
            reply = await smtp.wire.reply()
            if reply.code == 221:
                break
            replies.append(reply)
    except UnansweredError:
        return replies
    return replies


async def _inject(scene: Scene) -> Finding:
    async with from_outside(scene) as smtp:
        reply = await smtp.octets(b"STARTTLS\r\nEHLO injected.invalid\r\n")
        if reply.code != 220:
            return inconclusive(f"STARTTLS was answered with {reply}")
        try:
            await smtp.wire.start_tls(opportunistic(), smtp.host)
        except UnansweredError as error:
            return passed(f"the handshake does not come about with something behind STARTTLS: {error}")
        if not await smtp.wire.quiet(_QUIET):
            return failed("a command sent in clear was carried out inside TLS")
        await smtp.ehlo(scene.targets.outside.helo)
        return passed("what was sent behind STARTTLS was thrown away")


async def _talk_early(scene: Scene) -> Finding:
    """The whole dialogue in one go, without having seen that pipelining is offered."""
    foe, recipient = scene.targets.outside, scene.targets.mailbox.address
    letter = scene.letter(foe.stranger, recipient)
    lines = f"HELO {foe.helo}\r\nMAIL FROM:<{foe.stranger}>\r\nRCPT TO:<{recipient}>\r\nDATA\r\n".encode()
    async with connected(scene.targets.mx.addresses[0], scene.targets.mx.port, scene.record, sources=foe.sources) as wire:
        smtp = Smtp(wire, scene.targets.mx.host)
        await smtp.greeting()
        replies = await _replies(smtp, lines + letter.octets.removesuffix(b"\r\n") + END)
    absent = Awaited(letter.token, Place.MAILBOX, recipient, arrives=False)
    if not replies:
        return inconclusive("nothing was answered", absent)
    refused = [one for one in replies if not one.positive]
    if refused:
        return passed(f"refused: {refused[0]}", absent)
    return failed("the dialogue was taken in one piece", absent)


def _ask(verb: str, argument: str) -> Carry:
    async def carry(scene: Scene) -> Finding:
        words = {"mailbox": scene.targets.mailbox.address, "own": scene.targets.domain}
        async with from_outside(scene) as smtp:
            reply = await smtp.command(f"{verb} {argument.format_map(words)}")
        return failed(f"answered with {reply}") if reply.positive else passed(f"answered with {reply}")

    return carry


async def _verify(scene: Scene) -> Finding:
    """252 says nothing (RFC 5321, 7.3), unless somebody who is not here gets another answer."""
    own = scene.targets.mailbox.address
    async with from_outside(scene) as smtp:
        here = await smtp.command(f"VRFY {own}")
        absent = await smtp.command(f"VRFY nobody-{own}")
    if here.code == absent.code and here.code != 250:
        return passed(f"both who is here and who is not get {here.code}")
    return failed(f"who is here gets {here}, who is not gets {absent}")


async def _offered_auth(scene: Scene) -> Finding:
    targets = scene.targets
    async with from_outside(scene) as smtp:
        before = await smtp.command(f"EHLO {targets.outside.helo}")
        await smtp.start_tls(opportunistic())
        after = await smtp.command(f"EHLO {targets.outside.helo}")
        offered = any(line.upper().startswith("AUTH") for reply in (before, after) for line in reply.lines)
        reply = await smtp.login(targets.mailbox.address, targets.mailbox.password)
    if offered or reply.code in (235, 334, 535):
        return failed(f"AUTH {'is offered' if offered else 'works unannounced'}: {reply}")
    return passed(f"AUTH is not offered, and not taken: {reply}")
