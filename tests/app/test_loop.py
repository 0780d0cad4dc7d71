import pytest

from hauberk.app.loop import run


class Large:
    """What takes long to spell out, such as all that a scan found."""

    def __repr__(self) -> str:
        pytest.fail("nobody asked for this")


def test_what_comes_out_is_not_spelled_out() -> None:
    large = Large()

    async def scenario() -> Large:
        return large

    assert run(scenario()) is large


def test_what_is_raised_comes_out() -> None:
    async def scenario() -> None:
        raise KeyError("lost")

    with pytest.raises(KeyError, match="lost"):
        run(scenario())
