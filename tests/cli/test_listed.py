"""The operator's list of domains, in the forms that people's programs give it."""

from pathlib import Path

import pytest
import typer

from hauberk.cli.listed import listed_lines

LIST = '# ours\r\nexample.com,Example Ltd\r\n\r\n"example.net";2026\r\n https://example.org/a \t x # y\r\n'
WANTED = [(2, "example.com"), (4, "example.net"), (5, "https://example.org/a")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_lists_of_editors_and_spreadsheets_are_read(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "list.csv").write_bytes(LIST.encode(encoding))
    assert listed_lines(tmp_path / "list.csv") == WANTED


def test_octets_that_are_no_text_are_a_line_to_complain_of(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_bytes(b"\xff\x00\nexample.com\n")
    assert listed_lines(tmp_path / "list.txt") == [(1, "\ufffd\x00"), (2, "example.com")]


def test_a_list_without_end_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit):
        listed_lines(Path("/dev/zero"))
    assert "no list of domains" in capsys.readouterr().err
