"""What a trial of the operator's own hosts says, command by command (RFC 5321, 3.5; CVE-2011-0411)."""

from dataclasses import dataclass
from enum import StrEnum

from hauberk.model.dns import NoAnswer
from hauberk.model.observation import ScanOptions
from hauberk.model.transport import Endpoint, SmtpSession, Speaker, Trial
from hauberk.protocols import mx
from hauberk.protocols.smtp import Reply, read_reply
from hauberk.protocols.walk import Walk, try_each

_CERTAIN, _NOBODY = "postmaster", "hauberk-nobody-7f3a9c51"  # RFC 5321, 4.5.1 demands the first
COMMANDS = (f"VRFY {_CERTAIN}", f"VRFY {_NOBODY}", f"EXPN {_CERTAIN}")
FOLLOWING = "NOOP"


class Obeyed(StrEnum):
    """What became of the command that came in clear together with STARTTLS."""

    YES = "yes"
    NO = "no"
    REFUSED = "refused"  # the server does not take STARTTLS with something behind it
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class TrialFacts:
    """`somebody` and `nobody` are the replies to VRFY, `list_members` that to EXPN; None where none came."""

    somebody: Reply | None = None
    nobody: Reply | None = None
    list_members: Reply | None = None
    obeyed: Obeyed = Obeyed.UNKNOWN
    starttls_reply: Reply | None = None
    after_handshake: tuple[Reply, ...] = ()


def trials(domain: str, options: ScanOptions) -> Walk[tuple[tuple[Endpoint, SmtpSession | NoAnswer], ...]]:
    """One trial at each endpoint that held a session with us, and only where the operator has said that the hosts are his own."""
    if not (options.own and options.smtp):
        return ()
    found = yield from mx.transport(domain, options)
    endpoints = tuple(endpoint for endpoint, session in found.sessions if isinstance(session, SmtpSession) and lets_us_speak(session))
    sessions = yield from try_each(tuple(Trial(endpoint) for endpoint in endpoints))
    return tuple(zip(endpoints, sessions, strict=True))


def lets_us_speak(session: SmtpSession) -> bool:
    """The server answered a command of ours with 250, so that it is worth another connection."""
    return any(turn.speaker is Speaker.SERVER and turn.text.startswith("250") for turn in session.dialogue)


def read_trial(session: SmtpSession) -> TrialFacts:
    """What the dialogue says, whatever it holds."""
    replies = exchanged(session)
    in_clear = {command: reply for command, encrypted, reply in replies if not encrypted}
    inside = tuple(reply for _, encrypted, reply in replies if encrypted and reply is not None)
    starttls = in_clear.get("STARTTLS")
    return TrialFacts(
        *(in_clear.get(command) for command in COMMANDS),
        obeyed=_obeyed(starttls, inside),
        starttls_reply=starttls,
        after_handshake=inside,
    )


def _obeyed(starttls: Reply | None, inside: tuple[Reply, ...]) -> Obeyed:
    """An obeyed NOOP has its own reply, so that each command after the handshake gets the reply to the one before it."""
    if starttls is None or starttls.transient:
        return Obeyed.UNKNOWN
    if starttls.code != 220:
        return Obeyed.REFUSED
    match inside:
        case (_, second, *_) if second.code == 250:
            return Obeyed.YES  # QUIT was answered with the reply to EHLO
        case (first, *_) if first.code == 250 and len(first.lines) > 1:
            return Obeyed.NO
        case (_, second, *_) if second.code == 221:
            return Obeyed.NO
        case _:
            return Obeyed.UNKNOWN


def exchanged(session: SmtpSession) -> list[tuple[str, bool, Reply | None]]:
    """Each command, whether it went through TLS, and its reply; what was sent behind STARTTLS has none of its own."""
    asked: list[tuple[str, bool, list[str]]] = []
    for turn in session.dialogue:
        if turn.speaker is Speaker.CLIENT:
            if not (turn.text == FOLLOWING and asked and asked[-1][0] == "STARTTLS"):
                asked.append((turn.text, turn.encrypted, []))
        elif asked:
            asked[-1][2].append(turn.text)
    return [(command, encrypted, _read(lines)) for command, encrypted, lines in asked]


def _read(lines: list[str]) -> Reply | None:
    reply = read_reply(lines)
    return reply if isinstance(reply, Reply) else None
