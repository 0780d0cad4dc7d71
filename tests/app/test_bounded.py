"""Work with an end: its result, its failure, and what happens to work that wants too much."""

import os
import time
from functools import partial
from pathlib import Path

import pytest

from hauberk.app.bounded import NotDoneError, bounded


def test_a_result_comes_back() -> None:
    assert bounded(partial(len, b"abc")) == 3


def test_work_that_takes_too_long_is_ended() -> None:
    start = time.monotonic()
    with pytest.raises(NotDoneError, match="more than"):
        bounded(partial(time.sleep, 600), seconds=1)
    assert time.monotonic() - start < 30


def test_work_that_takes_too_much_memory_is_ended() -> None:
    with pytest.raises(NotDoneError, match="memory"):
        bounded(partial(bytearray, 1 << 36))


def test_work_that_fails_says_so_without_details() -> None:
    with pytest.raises(NotDoneError, match=r"cannot be worked on \(ValueError\)"):
        bounded(partial(int, "a secret detail"))
    with pytest.raises(NotDoneError, match="memory or time"):
        bounded(os.abort)


def test_no_module_comes_from_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pickle.py").write_text("raise SystemExit(1)")
    monkeypatch.chdir(tmp_path)
    assert bounded(partial(len, b"abc")) == 3
