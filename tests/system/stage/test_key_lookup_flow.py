"""The way out that looking up keys (WKD) needs: rendered and probed where it is declared, and closed where it is not."""

from dataclasses import replace
from datetime import UTC, datetime

from hauberk.system.declaration import Role
from hauberk.system.prove import staged
from hauberk.system.prove.declared import flows
from hauberk.system.prove.probe import State, Vantage
from hauberk.system.prove.settling import settle
from hauberk.system.prove.targets import Targets
from hauberk.system.render.host import render
from system.playing import Playing

OPEN, CLOSED = "m5.open.inside-internet", "m5.closed.inside-internet"


def states(playing: Playing, wanted: Targets) -> dict[str, State]:
    attempts = playing.do(staged.attempts_standing_in(playing.stage, Vantage.INSIDE, wanted, (OPEN, CLOSED)))
    found = playing.do(staged.gathered(playing.stage, wanted, attempts, 0))
    return {one.probe.id: one.state for one in settle(attempts, found, wanted).outcomes}


def test_the_way_out_is_open_only_where_it_is_declared(playing: Playing) -> None:
    stage = playing.stage
    declared = stage.declaration
    asking = replace(declared, confidentiality=replace(declared.confidentiality, wkd=True))
    wanted = replace(staged.stage_targets(stage, datetime.now(UTC)), flows=flows(asking))
    assert states(playing, wanted) == {OPEN: State.FAIL, CLOSED: State.PASS}
    (rules,) = render(asking, stage.props.material, Role.FIREWALL, stage.props.places[Role.FIREWALL]).files
    before = playing.do(stage.replace(Role.FIREWALL, rules.path, rules.content))
    try:
        playing.do(stage.reload_rules(Role.FIREWALL))
        assert states(playing, wanted) == {OPEN: State.PASS, CLOSED: State.PASS}
        assert states(playing, replace(wanted, flows=flows(declared))) == {CLOSED: State.FAIL}
    finally:
        playing.do(stage.replace(Role.FIREWALL, rules.path, before))
        playing.do(stage.reload_rules(Role.FIREWALL))
