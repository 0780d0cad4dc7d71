"""Small drawings as SVG, made on the server. Colours come from the style sheet by class, so that they follow light and dark."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import cos, pi, sin

from markupsafe import Markup

from hauberk.report.wording import points, short_day

_SWEEP = 240  # degrees of the gauge, open at the bottom


@dataclass(frozen=True, slots=True)
class Dot:
    """One result on a trend line; `link` is where it leads, empty for nowhere."""

    at: datetime
    points: float
    state: str
    label: str = ""
    link: str = ""


def gauge(score: float, state: str, *, known: bool = True) -> Markup:
    """An arc for 0-100 points. `state` gives it its colour; the number stands within. Without a known score there is a dash."""
    share = min(max(score / 100, 0), 1)
    shown = points(score) if known else "–"
    label = f"Score {shown} of 100" if known else "No score"
    arc = Markup('<path class="arc {}" d="{}" fill="none" stroke-width="11" stroke-linecap="round"/>').format(state, _arc(share))
    return Markup(
        '<svg class="gauge" viewBox="0 0 140 116" role="img" aria-label="{}">'
        '<path class="track" d="{}" fill="none" stroke-width="11" stroke-linecap="round"/>{}'
        '<text class="points" x="70" y="76" aria-hidden="true">{}</text>'
        '<text class="of" x="70" y="95" aria-hidden="true">of 100</text></svg>'
    ).format(label, _arc(1.0), arc if share > 0 else "", shown)


def _arc(share: float) -> str:
    """The path of the first `share` of the gauge."""
    centre, radius = (70.0, 68.0), 58.0
    start = (180 - (_SWEEP - 180) / 2) * pi / 180
    end = start + share * _SWEEP * pi / 180
    (x0, y0), (x1, y1) = ((centre[0] + radius * cos(angle), centre[1] + radius * sin(angle)) for angle in (start, end))
    return f"M{x0:.2f} {y0:.2f}A{radius:g} {radius:g} 0 {int(share * _SWEEP > 180)} 1 {x1:.2f} {y1:.2f}"


def spark(dots: Sequence[Dot]) -> Markup:
    """A line without axes for a table's row; oldest first. Nothing for fewer than two results."""
    if len(dots) < 2:
        return Markup("")
    width, height, pad = 96.0, 24.0, 3.0
    xs = _spread(dots, pad, width - pad)
    ys = [height - pad - (height - 2 * pad) * min(max(dot.points, 0), 100) / 100 for dot in dots]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True))
    label = f"Trend of {len(dots)} results, from {points(dots[0].points)} to {points(dots[-1].points)}"
    return Markup(
        '<svg class="spark" viewBox="0 0 96 24" role="img" aria-label="{}"><polyline class="line" points="{}"/>'
        '<circle class="last {}" cx="{}" cy="{}" r="2.8"/></svg>'
    ).format(label, path, dots[-1].state, f"{xs[-1]:.1f}", f"{ys[-1]:.1f}")


def trend(dots: Sequence[Dot], *, small: bool = False, green: float = 80, amber: float = 50) -> Markup:
    """A line over time with the levels of green and amber; oldest first. Nothing without results. What it shows stands in a table too."""
    if not dots:
        return Markup("")
    width, height = (320.0, 140.0) if small else (960.0, 200.0)
    left, right, top, bottom = 30.0, 12.0, 10.0, 26.0
    xs = _spread(dots, left + 8, width - right - 4)
    ys = [_level(dot.points, height, top, bottom) for dot in dots]
    levels = Markup("").join(_rule(value, _level(value, height, top, bottom), left, width - right) for value in (0, amber, green, 100))
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True))
    marks = Markup("").join(_dot(dot, x, y) for dot, x, y in zip(dots, xs, ys, strict=True))
    first = Markup('<text x="{}" y="{}">{}</text>').format(f"{left:g}", f"{height - 6:g}", short_day(dots[0].at))
    last = Markup('<text x="{}" y="{}" text-anchor="end">{}</text>').format(f"{width - right:g}", f"{height - 6:g}", short_day(dots[-1].at))
    label = f"Score over time: {len(dots)} results, the first {points(dots[0].points)}, the latest {points(dots[-1].points)}"
    return Markup(
        '<svg class="trend" viewBox="0 0 {:g} {:g}" role="group" aria-label="{}">{}<polyline class="line" points="{}"/>{}{}{}</svg>'
    ).format(width, height, label, levels, line, marks, first, last if len(dots) > 1 else "")


def _rule(value: float, y: float, left: float, right: float) -> Markup:
    kind = "level" if value in (0, 100) else "level dashed"
    return Markup('<line class="{}" x1="{}" x2="{}" y1="{}" y2="{}"/><text x="{}" y="{}" text-anchor="end">{}</text>').format(
        kind, f"{left:g}", f"{right:g}", f"{y:.1f}", f"{y:.1f}", f"{left - 6:g}", f"{y + 4:.1f}", points(value)
    )


def _dot(dot: Dot, x: float, y: float) -> Markup:
    drawn = Markup('<circle class="dot {}" cx="{}" cy="{}" r="4"><title>{}</title></circle>').format(
        dot.state, f"{x:.1f}", f"{y:.1f}", dot.label or f"{short_day(dot.at)}: {points(dot.points)}"
    )
    return Markup('<a href="{}" aria-label="{}">{}</a>').format(dot.link, dot.label, drawn) if dot.link else drawn


def bar(share: float, state: str = "") -> Markup:
    """How much of something is left or reached; what it says stands beside it in words."""
    filled = min(max(share, 0), 1) * 100
    return Markup(
        '<svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect class="track" width="100" height="10" rx="2"/>'
        '<rect class="left {}" width="{}" height="10" rx="2"/></svg>'
    ).format(state, f"{filled:.1f}")


def _level(value: float, height: float, top: float, bottom: float) -> float:
    return height - bottom - (height - top - bottom) * min(max(value, 0), 100) / 100


def _spread(dots: Sequence[Dot], left: float, right: float) -> list[float]:
    """Where each lies in time between `left` and `right`."""
    start, whole = dots[0].at, (dots[-1].at - dots[0].at).total_seconds()
    if whole <= 0:
        return [left + (right - left) * number / max(len(dots) - 1, 1) for number in range(len(dots))]
    return [left + (right - left) * (dot.at - start).total_seconds() / whole for dot in dots]
