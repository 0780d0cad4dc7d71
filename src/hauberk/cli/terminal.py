"""One assessment on the terminal: the same content as the report, worst first. States are words and signs, colour only helps."""

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from hauberk.protocols.malformed import visible
from hauberk.report.content import EndpointRow, Fix, Mark, ReportContent

_SIGNS = {"pass": "✔", "warn": "▲", "fail": "✘", "info": "•", "unknown": "?", "none": "–"}
_STYLES = {"pass": "green", "warn": "yellow", "fail": "bold red", "info": "cyan", "unknown": "magenta", "none": "dim"}
_MOST_FIXES = 8


def show(console: Console, content: ReportContent, *, everything: bool = False) -> None:
    """Print the result; `everything` adds each check’s findings, what was found out of TLS, and the whole fix plan."""
    evidence = Text(f"evidence {content.header.evidence_id}", "dim")
    if not content.exists:
        _print(console, [_headline(content), Text(visible(content.score.headline), "bold"), evidence])
        return
    parts: list[RenderableType] = [_headline(content), _score(content)]
    if content.flags:
        parts.append(_flags(content))
    parts += [_lines(content), _endpoints(content.endpoints, content.endpoints_note)]
    _print(console, parts)
    _print_fixes(console, content.fixes if everything else content.fixes[:_MOST_FIXES], content)
    parts = []
    if everything:
        parts.append(_findings(content))
        if content.tls:
            parts.append(_tls(content))
    if content.untested:
        parts.append(_block("Not tested", [Text(f"• {visible(line)}") for line in content.untested]))
    parts.append(evidence)
    _print(console, parts)


def _print(console: Console, parts: list[RenderableType]) -> None:
    console.print(Group(*(Padding(part, (0, 0, 1, 0), expand=False) for part in parts)), soft_wrap=False)


def _sign(mark: Mark) -> Text:
    return Text(f"{_SIGNS.get(mark.state, '•')} {mark.word}", _STYLES.get(mark.state, ""))


def _headline(content: ReportContent) -> Text:
    header = content.header
    also = f" ({visible(header.a_label)})" if header.a_label else ""
    company = f" — {visible(header.company)}" if header.company not in ("", header.domain) else ""
    dates = f"\nscanned {header.scanned_at}, fresh until {header.fresh_until}"
    return Text.assemble((visible(header.domain), "bold"), also, company, dates)


def _score(content: ReportContent) -> Group:
    score = content.score
    style = _STYLES.get(score.mark.state, "")
    filled = round(score.points / 100 * 30)
    gauge = Text.assemble(
        ("█" * filled, style), ("░" * (30 - filled), "dim"), f"  {score.shown} of 100, grade ", (score.grade, f"bold {style}")
    )
    gauge.append_text(Text.assemble("  ", _sign(score.mark)))
    return Group(gauge, Text(visible(score.headline)), *(Text(f"  {visible(line)}", "dim") for line in score.account))


def _block(title: str, rows: list[Text]) -> Group:
    return Group(Text(title, "bold"), *(Padding(row, (0, 0, 0, 2), expand=False) for row in rows))


def _flags(content: ReportContent) -> Group:
    rows = [
        Text.assemble(
            ("✘ ", "bold red"), (visible(flag.title), "bold"), f": {visible(flag.message)}", f" ({flag.limits})" if flag.limits else ""
        )
        for flag in content.flags
    ]
    return _block("Red flags", rows)


def _lines(content: ReportContent) -> Table:
    table = Table.grid(padding=(0, 2))
    for line in content.lines:
        table.add_row(Text(f"  {line.name}", "bold"), _sign(line.mark), Text(visible(line.sentence)))
    return table


def _endpoints(rows: tuple[EndpointRow, ...], note: str) -> RenderableType:
    if not rows:
        return Text(visible(note))
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", title_justify="left")
    for heading in ("endpoint", "reached", "STARTTLS", "TLS", "certificate"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        tls = " ".join(part for part in (row.version, row.group) if part)
        table.add_row(
            Text(f"{visible(row.host)}\n{visible(row.address)}"),
            _sign(row.reached),
            _sign(row.starttls),
            Text.assemble(tls or "–", (f"\n▲ {visible(row.weakness)}", "yellow") if row.weakness else ""),
            _sign(row.certificate),
        )
    return Group(table, Text(visible(note), "dim")) if note else table


def _print_fixes(console: Console, fixes: tuple[Fix, ...], content: ReportContent) -> None:
    """What is to be copied stands on one line of its own, however long: a line that is broken here is a broken record there."""
    console.print(Text("What to mend, and what it brings", "bold"))
    for number, fix in enumerate(fixes, 1):
        gain = f"  [{fix.gain}, {fix.after}]" if fix.gain else ""
        console.print(Padding(Text.assemble(f"{number}. ", (visible(fix.what), "bold"), gain), (0, 0, 0, 2), expand=False))
        for word, lines, style in (("remove ", fix.remove, "yellow"), ("publish", fix.publish, "cyan"), ("set    ", fix.settings, "cyan")):
            for line in lines:
                console.print(Text(f"     {word}  {visible(line)}", style), soft_wrap=True)
    if not fixes:
        console.print(Text(f"  {visible(content.fixes_note)}"))
    if len(fixes) < len(content.fixes):
        console.print(Text(f"  … and {len(content.fixes) - len(fixes)} smaller ones (--all shows them)", "dim"))
    console.print()


def _findings(content: ReportContent) -> Group:
    rows: list[Text] = []
    for area in content.areas:
        for check in area.checks:
            row = Text.assemble(_sign(check.mark), "  ", (check.id, "bold"), f"  {check.title}")
            for finding in check.findings:
                about = f" {visible(finding.subjects)}" if finding.subjects else ""
                row.append_text(Text.assemble("\n    ", _sign(finding.mark), f"{about}: {visible(finding.message)}"))
                for quote in finding.evidence:
                    row.append(f"\n        {visible(quote)}", "dim")
            rows.append(row)
    return _block("Every check", rows)


def _tls(content: ReportContent) -> Group:
    rows: list[Text] = []
    for detail in content.tls:
        row = Text(visible(detail.endpoints), "bold")
        for fact in detail.facts:
            row.append_text(Text.assemble("\n  ", (f"{fact.name}: ", "dim"), visible(fact.value)))
        rows.append(row)
    return _block("TLS in detail", rows)
