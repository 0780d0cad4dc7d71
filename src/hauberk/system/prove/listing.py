"""All probes and all deliberately broken settings as a page (docs/measures.md). Pure but for the table of mutations."""

from collections.abc import Iterator

from hauberk.system.prove.catalogue import all_experiments
from hauberk.system.prove.declared import Testers, targets
from hauberk.system.prove.measures import NOT_PROBED, TITLES
from hauberk.system.prove.mutations import mutations
from hauberk.system.prove.probe import Measure, Probe
from hauberk.system.prove.targets import Account, Canaries, Files, Outside
from hauberk.system.stage import play

_INTRODUCTION = """# The measures and their probes

Written by `hauberk system probes`; do not edit.

A probe that has never been seen failing proves nothing. Each one below has a deliberately broken twin: a setting of our own rendering that
is broken on the running stage (the table at the end; `tests/system/prove/test_mutations_on_stage.py` breaks them all), or a fake server of
the tests that lacks the one virtue ("tests"). A probe of a refusal counts only where its control passed in the same run.
"""


def every_probe() -> tuple[Probe, ...]:
    """Those of a declaration and test accounts in which nothing is missing."""
    person = Account("somebody@corp.test", "-")
    whole = Testers(
        mailbox=person,
        colleague=person,
        outside=Outside("sink@partner.test", "probe@evil.test", "mx.evil.test", "x@partner.test", "wrong-tlsa.test"),
        alias="alias@corp.test",
        suspended=person,
        leaver=person,
        leaver_alias="alias@corp.test",
        leaver_app=person,
        mover=person,
        keyed="keyed@partner.test",
        certified="certified@partner.test",
        unkeyed="sink@partner.test",
        canaries=Canaries("first", "second"),
        internet=play.PARTNER_ADDRESSES,
        workstations=play.WORKSTATION_ADDRESSES,
        files=Files("/var/lib/clamav", tree=("/etc",)),
    )
    return tuple(one.probe for one in all_experiments(targets(play.declaration("/mta", "/mda"), whole)))


def noticing() -> dict[str, tuple[str, ...]]:
    """For each probe the mutations that it has to notice."""
    found: dict[str, tuple[str, ...]] = {}
    for mutation in mutations():
        for probe in mutation.caught_by:
            found[probe] = (*found.get(probe, ()), mutation.id)
    return found


def page() -> str:
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    probes, twins = every_probe(), noticing()
    yield _INTRODUCTION
    for measure in Measure:
        of = [one for one in probes if one.measure is measure]
        yield f"## {measure.value}: {TITLES[measure]}\n"
        if not of:
            yield f"{NOT_PROBED[measure]}\n"
            continue
        yield "| probe | from | a pass means | source | seen failing by |\n|---|---|---|---|---|"
        for one in of:
            twin = ", ".join(twins.get(one.id, ())) or "tests"
            yield f"| `{one.id}` | {one.vantage} | {_cell(one.what)} | {_cell(one.source)} | {twin} |"
        yield ""
    yield "A declaration with `confidentiality.wkd = true` opens port 443 of the internet to the MDA: `m5.open.inside-internet` tries it.\n"
    yield "Besides, each daemon is stopped in turn (`m1.stopped.*`) while a clean message and viruses are offered from both sides.\n"
    yield f"## Deliberately broken settings: {len(mutations())}\n"
    yield "| broken | what | noticed by |\n|---|---|---|"
    for mutation in mutations():
        noticed = ", ".join(f"`{one}`" for one in mutation.caught_by)
        yield f"| {mutation.id} | {_cell(mutation.what)} | {noticed} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
