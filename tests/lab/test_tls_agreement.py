"""Full depth against sslyze, on real servers of several makes: every difference has a reason (`benchmarks.agreement` does more)."""

import sys
import tempfile
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from benchmarks import agreement, oracles, tls_servers  # noqa: E402 - the benchmarks are no installed package

from lab import real_postfix  # noqa: E402
from lab.real_tls_servers import pair  # noqa: E402


@pytest.fixture(scope="module")
def postfix() -> Generator[real_postfix.Postfix]:
    if reason := real_postfix.missing():
        pytest.skip(reason)
    with (
        tempfile.TemporaryDirectory(prefix="hauberk-postfix-", ignore_cleanup_errors=True) as name,
        real_postfix.running(Path(name), agreement.POSTFIX, pair()) as server,
    ):
        yield server


@pytest.fixture
def folder() -> Generator[Path]:
    """Below /tmp itself, as other users must get through."""
    with tempfile.TemporaryDirectory(prefix="hauberk-tls-", ignore_cleanup_errors=True) as name:
        tls_servers.write_keys(Path(name), pair())
        yield Path(name)


def compared(server: oracles.Server, ask: Callable[[oracles.Server], oracles.Findings]) -> agreement.Row:
    try:
        theirs = ask(server)
    except RuntimeError as error:
        pytest.skip(str(error))
    row = agreement.compare(server, agreement.look(server), theirs)
    assert [one for one in row.differences if not one.explanation] == []
    return row


def groups_of_1_3(server: oracles.Server) -> oracles.Findings:
    return oracles.newer_openssl(server, ("TLSv1.3",))


@pytest.mark.parametrize("service", agreement.POSTFIX)
def test_postfix_as_sslyze_sees_it(postfix: real_postfix.Postfix, service: str) -> None:
    row = compared(oracles.Server(service, real_postfix.HOST, postfix.ports[service], starttls=True), oracles.sslyze)
    assert row.suites[0] == row.suites[1] >= 3 and row.chains[0] >= 1


@pytest.mark.parametrize(
    ("start", "starttls", "ask", "least"),
    (
        (tls_servers.exim, True, oracles.sslyze, 40),
        (tls_servers.tlslite, False, oracles.sslyze, 80),
        (tls_servers.old_openssl, False, oracles.sslyze, 190),
        (tls_servers.newer_openssl, False, oracles.sslyze, 40),
        (tls_servers.newer_openssl, False, groups_of_1_3, 0),
    ),
)
def test_other_makes_as_others_see_them(
    folder: Path,
    start: Callable[[Path], AbstractContextManager[int]],
    starttls: bool,
    ask: Callable[[oracles.Server], oracles.Findings],
    least: int,
) -> None:
    try:
        running = start(folder)
        port = running.__enter__()
    except RuntimeError as error:
        pytest.skip(str(error))
    try:
        row = compared(oracles.Server(start.__name__, real_postfix.HOST, port, starttls), ask)
    finally:
        running.__exit__(None, None, None)
    assert row.suites[0] >= least and (ask is oracles.sslyze or row.groups[0] >= 10)
