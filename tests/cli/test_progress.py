"""What a person sees while a scan goes on."""

from io import StringIO

import pytest
from rich.console import Console

from hauberk.cli import progress
from hauberk.cli.progress import watching
from hauberk.model.dns import DnsAnswer, Question


@pytest.mark.parametrize("width", [40, 60, 80, 160])
def test_how_far_the_scan_is_can_be_read_at_every_width(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    screen = StringIO()

    def console(*, stderr: bool) -> Console:
        assert stderr
        return Console(file=screen, force_terminal=True, width=width, color_system=None)

    monkeypatch.setattr(progress, "Console", console)
    with watching("Scanning", 500) as watch:
        for number in range(1234):
            watch.told(Question(f"{number}.example", "A"), DnsAnswer("NOERROR"))
        for _ in range(123):
            watch.done()
    assert "123/500" in screen.getvalue() and "0:00:0" in screen.getvalue()
    assert ("1234 DNS answers" in screen.getvalue()) == (width > 40)


def test_nothing_is_shown_where_nobody_watches(capfd: pytest.CaptureFixture[str]) -> None:
    with watching("Scanning", 1) as watch:
        watch.done()
    assert capfd.readouterr() == ("", "")
