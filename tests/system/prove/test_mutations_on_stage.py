"""The mutation table on a real stage: every broken setting is noticed by every probe that has to, and put back afterwards."""

from collections.abc import Callable, Generator
from datetime import UTC, datetime

import pytest

from hauberk.system.accounts.account import State as AccountState
from hauberk.system.prove import mutating, staged
from hauberk.system.prove.accounts import KICKED
from hauberk.system.prove.mutations import Mutation, mutations
from hauberk.system.prove.probe import Outcome, State
from hauberk.system.prove.settling import settle
from hauberk.system.prove.targets import Targets
from hauberk.system.stage import play
from system.playing import Playing


@pytest.fixture(scope="module")
def targets(playing: Playing) -> Targets:
    return staged.stage_targets(playing.stage, now())


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


@pytest.mark.parametrize("mutation", mutations(), ids=lambda mutation: mutation.id)
def test_a_broken_setting_is_noticed(playing: Playing, targets: Targets, mutation: Mutation) -> None:
    caught = playing.do(mutating.try_one(playing.stage, targets, mutation))
    assert set(caught.caught_by) >= set(mutation.caught_by), caught.trouble


@pytest.fixture
def bob_leaves(playing: Playing) -> Generator[Callable[[bool], Outcome]]:
    """Deactivates Bob while he reads his mail, with or without ending his sessions; he is back afterwards."""

    def leave(kick: bool) -> Outcome:
        wanted = staged.stage_targets(playing.stage, now())
        attempts = playing.do(staged.kicked(playing.stage, wanted, play.BOB, now, kick=kick))
        found = playing.do(staged.gathered(playing.stage, wanted, attempts))
        (outcome,) = settle(attempts, found, wanted).outcomes
        return outcome

    yield leave
    playing.do(playing.stage.set_state(play.BOB.login, AccountState.ACTIVE, now()))
    playing.do(playing.stage.directory.set_password(play.BOB.login, play.BOB.password, now()))


@pytest.mark.parametrize(("kick", "state"), [(True, State.PASS), (False, State.FAIL)])
def test_a_session_that_lives_on_after_its_account_is_noticed(bob_leaves: Callable[[bool], Outcome], kick: bool, state: State) -> None:
    outcome = bob_leaves(kick)
    assert (outcome.probe.id, outcome.state) == (KICKED, state), outcome.said
