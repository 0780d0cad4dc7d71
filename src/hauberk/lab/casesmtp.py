"""What a case's mail servers say: the presets by name, or the dialogue that the case writes out."""

from hauberk.lab.casefile import Smtp, Tls
from hauberk.lab.casetls import TlsServer
from hauberk.lab.tlsserver import MODERN_GROUPS, MODERN_SUITES
from hauberk.model.dns import NoAnswer, Silence
from hauberk.model.transport import Ending, Endpoint, Flight, SmtpSession, Speaker, TlsHandshake, Trial, Turn
from hauberk.protocols.relay import conversation
from hauberk.protocols.smtp import Reply
from hauberk.protocols.tls.groups import GROUPS
from hauberk.protocols.tls.registry import suites_by_name

HELO = "scanner.example.net"
_GOOD = """
s: {banner}
c: EHLO {helo}
s: 250-{ehlo}
s: 250-SIZE 20480000
s: 250-STARTTLS
s: 250 8BITMIME
c: STARTTLS
s: 220 2.0.0 Ready to start TLS
C: EHLO {helo}
S: 250-{ehlo}
S: 250 8BITMIME
C: QUIT
S: 221 2.0.0 Bye
"""
_PRESETS: dict[str, tuple[str, Ending]] = {
    "good": (_GOOD, Ending.QUIT),
    "no-starttls": (_GOOD.partition("c: STARTTLS")[0].replace("s: 250-STARTTLS\n", "") + "c: QUIT\ns: 221 2.0.0 Bye\n", Ending.QUIT),
    "greeting-554": ("s: 554 5.7.1 {ehlo} Service unavailable; client host blocked\nc: QUIT\n", Ending.CLOSED),
    "greeting-421": ("s: 421 4.7.0 {ehlo} Error: too many connections from you\n", Ending.CLOSED),
    "greylisted-greeting": ("s: 450 4.2.0 {ehlo} Greylisted, try again later\nc: QUIT\n", Ending.CLOSED),
    "closes-after-starttls": (_GOOD.partition("C: EHLO")[0], Ending.CLOSED),
    "starttls-454": (
        _GOOD.partition("s: 220 2.0.0")[0] + "s: 454 4.7.0 TLS not available due to temporary reason\nc: QUIT\ns: 221 2.0.0 Bye\n",
        Ending.QUIT,
    ),
    "garbage": ("s: \\x00\\x01\\x02 this is not SMTP\n", Ending.GARBLED),
    "handshake-fails": (_GOOD.partition("C: EHLO")[0], Ending.CLOSED),
}
SOUND_TRIAL = """
s: 220 {ehlo} ESMTP
c: EHLO {helo}
s: 250-{ehlo}
s: 250-STARTTLS
s: 250 8BITMIME
c: VRFY postmaster
s: 252 2.0.0 Send some mail, I will try my best
c: VRFY hauberk-nobody-7f3a9c51
s: 252 2.0.0 Send some mail, I will try my best
c: EXPN postmaster
s: 502 5.5.1 Not here
c: STARTTLS
c: NOOP
s: 220 2.0.0 Ready to start TLS
C: EHLO {helo}
S: 250-{ehlo}
S: 250 8BITMIME
C: QUIT
S: 221 2.0.0 Bye
"""
# What becomes of a hello to an endpoint that does not let it come that far.
HELLO_ENDS = {
    "greeting-554": Flight(b"", Ending.QUIT, "554 5.7.1 Service unavailable; client host blocked"),
    "greeting-421": Flight(b"", Ending.QUIT, "421 4.7.0 Error: too many connections from you"),
    "greylisted-greeting": Flight(b"", Ending.QUIT, "450 4.2.0 Greylisted, try again later"),
    "no-starttls": Flight(b"", Ending.QUIT, "502 5.5.1 Command not implemented"),
    "starttls-454": Flight(b"", Ending.QUIT, "454 4.7.0 TLS not available due to temporary reason"),
    "garbage": Flight(b"", Ending.GARBLED, "this is not SMTP"),
    "closes-after-starttls": Flight(b"", Ending.CLOSED),
    "handshake-fails": Flight(b"\x15\x03\x03\x00\x02\x02\x28", Ending.QUIT),
}
SILENT = {
    "refused": NoAnswer(Silence.REFUSED, "connection refused"),
    "timeout": NoAnswer(Silence.TIMEOUT, "no connection within 10 s"),
    "unreachable": NoAnswer(Silence.UNREACHABLE, "no route to host"),
}


def worded(host: str, tls: Tls, chain: tuple[bytes, ...]) -> TlsHandshake:
    return TlsHandshake(True, host, tls.version, tls.suite, tls.group, chain, resumption=True)


def server_like(tls: Tls) -> TlsServer:
    """The server that a worded handshake lets expect: a modern one, unless it was an old version or a poor suite."""
    if tls == Tls():
        return TlsServer()
    known = suites_by_name().get(tls.suite)
    suites = (*MODERN_SUITES, tls.suite) if known and tls.suite not in MODERN_SUITES else MODERN_SUITES
    groups = (tls.group, *(group for group in MODERN_GROUPS if group != tls.group)) if tls.group in GROUPS.values() else MODERN_GROUPS
    return TlsServer(versions=(tls.version,), suites=suites, groups=groups)


def session(endpoint: Endpoint, entry: Smtp, shaken: TlsHandshake) -> SmtpSession | NoAnswer:
    if entry.preset in SILENT:
        return SILENT[entry.preset]
    text, ending = _PRESETS[entry.preset]
    ehlo = entry.ehlo or endpoint.host
    banner = entry.banner or f"220 {endpoint.host} ESMTP"
    dialogue = tuple(turns(entry.lines or text.format(banner=banner, ehlo=ehlo, helo=HELO)))
    tls = None
    if entry.preset == "closes-after-starttls":
        tls = TlsHandshake(False, endpoint.host, error="the server closed the connection before its hello")
    elif entry.preset == "handshake-fails":
        tls = TlsHandshake(False, endpoint.host, error="the server sent the alert handshake_failure")
    elif any(turn.encrypted for turn in dialogue):
        tls = shaken
    return SmtpSession(dialogue, ending, "" if ending is Ending.QUIT else "the server closed the connection", tls)


def relay_session(trial: Trial, entry: Smtp) -> SmtpSession:
    """The test of relaying at a server that takes mail for postmaster alone, but for the answers that the entry lists."""
    listed = (*entry.relay, ("RCPT TO:<postmaster@", "250 2.1.5 Ok"), ("RCPT ", "554 5.7.1 Relay access denied"))
    said = [f"s: 220 {trial.endpoint.host} ESMTP", f"c: EHLO {HELO}", f"s: 250 {trial.endpoint.host}"]
    commands = conversation(trial, HELO)
    command = next(commands, None)
    while command is not None:
        reply = next((reply for begins, reply in listed if command.startswith(begins)), "250 2.0.0 Ok")
        said += [f"c: {command}", f"s: {reply}"]
        try:
            command = commands.send(Reply(int(reply[:3]), (reply[4:],)))
        except StopIteration:
            command = None
    closed = said[-1].startswith("s: 421")
    dialogue = tuple(turns("\n".join(said if closed else [*said, "c: QUIT", "s: 221 2.0.0 Bye"])))
    return SmtpSession(dialogue, Ending.CLOSED if closed else Ending.QUIT, "the server closed the connection" if closed else "")


def turns(text: str) -> list[Turn]:
    turns: list[Turn] = []
    for line in text.strip().splitlines():
        who, _, said = line.partition(": ")
        speaker = Speaker.CLIENT if who.lower() == "c" else Speaker.SERVER
        turns.append(Turn(speaker, said, at_ms=10 * (len(turns) + 1), encrypted=who.isupper()))
    return turns
