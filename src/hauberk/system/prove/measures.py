"""The ten measures and what the outcomes say of them. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from hauberk.system.prove.probe import Measure, Outcome, State, Vantage

TITLES: dict[Measure, str] = {
    Measure.M1: "All mail is scanned for viruses, and the signatures are kept up to date",
    Measure.M2: "The server's engine is another one than the workstations'",
    Measure.M3: "Spam is filtered on the server",
    Measure.M4: "The server relays for nobody",
    Measure.M5: "The MTA stands in the DMZ, the MDA inside, a firewall between them",
    Measure.M6: "Accounts open on arrival and close on departure or transfer",
    Measure.M7: "An acceptable-use policy is in force and known to all",
    Measure.M8: "Users are trained",
    Measure.M9: "Confidential content is encrypted",
    Measure.M10: "SPF, DKIM and DMARC protect the domain",
}
NOT_PROBED: dict[Measure, str] = {
    Measure.M7: "A policy and its acknowledgements cannot be seen from the network: not proved here, to be shown by other records.",
    Measure.M8: "Training cannot be seen from the network: not proved here, to be shown by other records.",
}


class Standing(StrEnum):
    """`PARTLY`: nothing failed, but something could not be decided. `OPEN`: nothing was tried."""

    PROVED = "proved"
    PARTLY = "partly"
    FAILED = "failed"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class MeasureState:
    """`vantages` are those from which something was proved; `open` says in sentences what is not."""

    measure: Measure
    title: str
    standing: Standing
    passed: int
    failed: int
    inconclusive: int
    vantages: tuple[Vantage, ...]
    open: tuple[str, ...]
    outcomes: tuple[Outcome, ...]


def judge(outcomes: Iterable[Outcome], planned: Iterable[str] = ()) -> tuple[MeasureState, ...]:
    """All ten, in order. `planned` are ids of probes that should have been run: what is missing of them is open."""
    kept = tuple(outcomes)
    ran = {one.probe.id for one in kept}
    missing = tuple(name for name in planned if name not in ran)
    return tuple(_judge(measure, tuple(one for one in kept if one.probe.measure is measure), missing) for measure in Measure)


def _judge(measure: Measure, outcomes: tuple[Outcome, ...], missing: tuple[str, ...]) -> MeasureState:
    count = {state: sum(one.state is state for one in outcomes) for state in State}
    lacking = tuple(name for name in missing if name.startswith(f"{measure.lower()}."))
    standing = _standing(count, lacking)
    left = [f"{one.probe.what}: {one.said}" for one in outcomes if one.state is State.FAIL]
    left += [f"undecided: {one.probe.what}: {one.said}" for one in outcomes if one.state is State.INCONCLUSIVE]
    if lacking:
        left.append(f"{len(lacking)} probes were not run, such as {lacking[0]}")
    if not outcomes and not lacking:
        left.append(NOT_PROBED.get(measure, "No probe was run."))
    proved_from = tuple(vantage for vantage in Vantage if any(one.probe.vantage is vantage and one.state is State.PASS for one in outcomes))
    return MeasureState(
        measure,
        TITLES[measure],
        standing,
        count[State.PASS],
        count[State.FAIL],
        count[State.INCONCLUSIVE],
        proved_from,
        tuple(left),
        outcomes,
    )


def _standing(count: dict[State, int], lacking: tuple[str, ...]) -> Standing:
    if count[State.FAIL]:
        return Standing.FAILED
    if not count[State.PASS] and not count[State.INCONCLUSIVE]:
        return Standing.OPEN
    return Standing.PARTLY if count[State.INCONCLUSIVE] or lacking else Standing.PROVED
