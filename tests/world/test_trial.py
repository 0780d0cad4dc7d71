import asyncio
from collections.abc import Callable, Coroutine
from typing import TypeAlias

import pytest
import uvloop

from hauberk.model.dns import NoAnswer
from hauberk.model.transport import Ending, Endpoint, SmtpSession, Trial
from hauberk.protocols.trial import Obeyed, read_trial
from hauberk.world.dialogue import SmtpPatience
from hauberk.world.trial import try_out
from world.byte_server import Line, Octets, Reset, Stall, StartTls, Step, dialer_to, server_context, serving

Run: TypeAlias = Callable[[Coroutine[object, object, SmtpSession]], SmtpSession]
HURRY = SmtpPatience(greeting=0.5, reply=0.5, handshake=0.5, farewell=0.2, session=5.0)
EHLO = b"250-mx\r\n250 STARTTLS\r\n"
INSIDE = b"250-mx\r\n250 SIZE 10\r\n"
BOTH = Octets(len(b"STARTTLS\r\nNOOP\r\n"))
NO = b"252 2.0.0 cannot say\r\n"
BEFORE: tuple[Step, ...] = (b"220 mx ESMTP\r\n", Line(), EHLO, Line(), NO, Line(), NO, Line(), b"502 5.5.1 what\r\n", BOTH)
BYE = b"221 2.0.0 bye\r\n"


async def try_at(*steps: Step) -> SmtpSession:
    async with serving(*steps) as place:
        session = await try_out(dialer_to(place), Trial(Endpoint("mx.example.com", "192.0.2.25")), "probe.example.net", HURRY)
        assert not isinstance(session, NoAnswer)
        return session


@pytest.mark.parametrize("run", (asyncio.run, uvloop.run))
def test_a_server_that_forgets_what_came_with_starttls_is_sound(run: Run) -> None:
    session = run(try_at(*BEFORE, b"220 go\r\n", StartTls(server_context()), Line(), INSIDE, Line(), BYE))
    facts = read_trial(session)
    assert (session.ending, facts.obeyed) == (Ending.QUIT, Obeyed.NO)
    assert facts.somebody is not None and facts.somebody.code == 252
    assert facts.list_members is not None and facts.list_members.code == 502


@pytest.mark.parametrize("run", (asyncio.run, uvloop.run))
def test_a_server_that_obeys_it_inside_tls_is_found_out(run: Run) -> None:
    obeying = (StartTls(server_context()), b"250 2.0.0 Ok\r\n", Line(), INSIDE, Line(), BYE)
    assert read_trial(run(try_at(*BEFORE, b"220 go\r\n", *obeying))).obeyed is Obeyed.YES


def test_a_server_that_minds_is_no_worse_for_it() -> None:
    assert read_trial(asyncio.run(try_at(*BEFORE, b"554 5.5.0 no pipelining here\r\n", Line(), BYE))).obeyed is Obeyed.REFUSED


@pytest.mark.parametrize(
    "steps",
    (
        (b"421 busy\r\n", Line(), BYE),
        (b"220 mx\r\n", Line(), b"250 mx\r\n", *((Line(), NO) * 3), Line(), BYE),
        (*BEFORE, b"454 4.7.0 later\r\n", Line(), BYE),
        (*BEFORE, b"220 go\r\n", Stall()),
        (*BEFORE, b"220 go\r\n250 2.0.0 Ok\r\n", Reset()),
        (*BEFORE, b"220 go\r\n", StartTls(server_context())),
        (*BEFORE, b"220 go\r\n", StartTls(server_context()), b"250 2.0.0 Ok\r\n", Line(), Stall()),
    ),
    ids=("sent away", "no STARTTLS", "put off", "stall", "answered in clear", "closed inside", "stall inside"),
)
def test_what_did_not_come_about_is_not_known(steps: tuple[Step, ...]) -> None:
    assert read_trial(asyncio.run(try_at(*steps))).obeyed is Obeyed.UNKNOWN
