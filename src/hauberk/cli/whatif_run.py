"""The running of `hauberk whatif`: the same scan of two worlds, one as it is and one with the change made."""

import sys
from pathlib import Path

import msgspec
from rich.table import Table
from rich.text import Text

from hauberk.app.reporting import prepare
from hauberk.app.scanning import Scan, ScanOrder, assess, now
from hauberk.checks.existence import NO_DOMAIN
from hauberk.cli import exits
from hauberk.cli.judge_run import read_tape, rubric_named
from hauberk.cli.network import live_config, live_world
from hauberk.cli.streams import result_console
from hauberk.model.assessment import Assessment
from hauberk.model.dns import Record
from hauberk.model.observation import Observation, ScanOptions
from hauberk.protocols.malformed import Malformed, visible
from hauberk.protocols.names import absolute, parse_domain
from hauberk.survey.domain import survey
from hauberk.world.dns.registry import type_code
from hauberk.world.overlay import OverlayWorld, Proposal, overlay, parse_publishable, propose


async def run_whatif(
    subject: str, records: tuple[str, ...], removed: tuple[str, ...], format: str, rubric_name: str, resolver: str, network: Path | None
) -> int:
    """Do it; the exit code."""
    if format not in ("text", "json"):
        exits.refuse("whatif prints text or json")
    proposal = propose(_records(records), _sets(removed))
    if not proposal.sets:
        exits.refuse("say what would change, with --record 'name TYPE data' or --remove 'name TYPE'")
    rubric = rubric_named(rubric_name)
    before = _tape(subject)
    if before is not None:
        after = overlay(before, proposal)
    else:
        before, after = await _two_surveys(subject, proposal, ScanOrder(rubric, ScanOptions(depth="standard")), resolver, network)
    one, other = assess(before, rubric, plan=False), assess(after, rubric, plan=False)
    for line in (*prepare(Scan(before, one), "").notices, *_displaced(before, proposal)):
        sys.stderr.write(f"hauberk: {visible(line)}\n")
    if format == "json":
        sys.stdout.write(_as_json(one, other))
    else:
        _show(one, other)
    return exits.FINE if before.finished and after.finished and one.score.coverage else exits.INCOMPLETE


def _tape(subject: str) -> Observation | None:
    """The tape, when what was typed is the name of a file."""
    path = Path(subject)
    return read_tape(path) if path.is_file() else None


async def _two_surveys(
    subject: str, proposal: Proposal, order: ScanOrder, resolver: str, network: Path | None
) -> tuple[Observation, Observation]:
    domain = parse_domain(subject)
    if isinstance(domain, Malformed):
        exits.refuse(f"'{visible(subject[:80])}' is no domain and no tape: {domain.reason}")
    at = now()
    async with live_world(live_config(resolver, network)) as world:
        before = await survey(world, domain, order.options, at=at, limit=order.limit)
        after = await survey(OverlayWorld(world, proposal), domain, order.options, at=at, limit=order.limit)
    return before, after


def _records(texts: tuple[str, ...]) -> tuple[Record, ...]:
    found: list[Record] = []
    for text in texts:
        record = parse_publishable(text)
        if isinstance(record, Malformed):
            exits.refuse(f"'{visible(text[:120])}': {record.reason}")
        if record.type in ("CNAME", "DNAME"):
            exits.refuse(f"'{visible(text[:120])}': aliases are not followed here; give the records that the alias leads to")
        found.append(record)
    return tuple(found)


def _sets(texts: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    for text in texts:
        words = text.split()
        if len(words) != 2:
            exits.refuse(f"'{visible(text[:120])}': a record set is written: name TYPE")
        if type_code(words[1].upper()) is None:
            exits.refuse(f"'{visible(text[:120])}': {visible(words[1])} is no type of record")
        found.append((absolute(words[0]), words[1].upper()))
    return tuple(found)


def _displaced(before: Observation, proposal: Proposal) -> list[str]:
    """What stands today where records are proposed: they take the place of the whole set, which is easily forgotten."""
    found: list[str] = []
    for (name, kind), records in dict(proposal.sets).items():
        answers = (one.answer for one in before.dns if (one.question.name, one.question.type) == (name, kind) and one.answer)
        gone = {record.data for answer in answers for record in answer.of(kind)} - {record.data for record in records}
        if records and gone:
            found.append(
                f"this takes the place of all of {name} {kind}; give --record once more for what stays of: {' | '.join(sorted(gone))}"
            )
    return found


def _changes(one: Assessment, other: Assessment) -> list[tuple[str, str, str, str]]:
    """Check, verdict before, verdict after, and what is said after."""
    earlier = {verdict.check: verdict.verdict for verdict in one.verdicts}
    return [
        (
            verdict.check,
            earlier[verdict.check].value,
            verdict.verdict.value,
            next((finding.message for finding in verdict.findings if finding.verdict is verdict.verdict), ""),
        )
        for verdict in other.verdicts
        if earlier[verdict.check] is not verdict.verdict
    ]


def _show(one: Assessment, other: Assessment) -> None:
    console = result_console()
    console.print(Text.assemble(("today      ", "dim"), _in_words(one)))
    gained = f"  ({other.score.points - one.score.points:+g} points)" if one.score.coverage and other.score.coverage else ""
    console.print(Text.assemble(("with this  ", "dim"), _in_words(other), gained))
    changes = _changes(one, other)
    if not changes:
        console.print("No verdict changes.")
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("check", "today", "with this", ""):
        table.add_column(heading, overflow="fold")
    for check, was, becomes, message in changes:
        table.add_row(check, was, becomes, Text(visible(message)))
    console.print(table)


def _in_words(assessment: Assessment) -> str:
    score = assessment.score
    if not score.coverage:
        missing = (finding.message for verdict in assessment.verdicts for finding in verdict.findings if finding.code == NO_DOMAIN)
        return next(missing, "Nothing could be judged.")
    caps = "; held down by: " + "; ".join(dict.fromkeys(cap.reason for cap in score.caps)) if score.caps else ""
    return f"{score.points:g} of 100, grade {score.grade}, {score.band.value}{' (incomplete)' if score.incomplete else ''}{caps}"


def _as_json(one: Assessment, other: Assessment) -> str:
    changed = [{"check": check, "today": was, "then": becomes, "message": message} for check, was, becomes, message in _changes(one, other)]
    said = {"domain": one.domain, "observed_at": one.observed_at, "today": one.score, "then": other.score, "changed": changed}
    return msgspec.json.format(msgspec.json.encode(said), indent=2).decode() + "\n"
