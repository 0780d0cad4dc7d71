"""Work with an end: its result, its failure, and what happens to work that wants too much."""

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from hauberk.app.bounded import NotDoneError, bounded


def hoard(octets: int) -> int:
    return len(bytearray(octets))


def fail() -> None:
    raise RuntimeError("a secret detail")


def test_a_result_comes_back() -> None:
    assert bounded(partial(hoard, 1000)) == 1000


def test_work_that_takes_too_long_is_ended() -> None:
    start = time.monotonic()
    with pytest.raises(NotDoneError, match="more than"):
        bounded(partial(time.sleep, 600), seconds=1)
    assert time.monotonic() - start < 30


def test_work_that_takes_too_much_memory_is_ended() -> None:
    with pytest.raises(NotDoneError, match="memory"):
        bounded(partial(hoard, 1 << 36))


def test_work_that_fails_says_so_without_details() -> None:
    with pytest.raises(NotDoneError, match=r"cannot be worked on \(RuntimeError\)"):
        bounded(fail)


def test_in_a_program_with_threads_it_works_the_same() -> None:
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(bounded, partial(len, b"abc")).result() == 3
        with pytest.raises(NotDoneError, match="cannot be worked on"):
            pool.submit(bounded, partial(int, "x")).result()
