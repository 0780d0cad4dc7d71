"""The weekly digest: how all domains of a tenant stand, the worst first, over every channel that wants it."""

from datetime import timedelta

from hauberk.app.work import orders
from hauberk.app.work.events import Event
from hauberk.app.work.orders import DeliveryWanted, Note, Outcome
from hauberk.app.work.workshop import Held, Workshop
from hauberk.model.score import INCOMPLETE, Band, standing
from hauberk.report.wording import counted, points, scored
from hauberk.store import alerts, channels, jobs, tenants
from hauberk.store import overview as overviews
from hauberk.store.alerts import Alert
from hauberk.store.jobs import Order
from hauberk.store.overview import DomainState
from hauberk.store.session import TenantSession

_WEEK = timedelta(days=7)
_MOST_DOMAINS = 20
_MOST_ALERTS = 20


async def do_digest(shop: Workshop, held: Held) -> None:
    """Raises `StoreError`. The letters are ordered in the transaction that ends the job: each goes out once."""
    async with shop.reading(held) as session:
        wanting = [channel for channel in await channels.all_channels(session) if channel.wants(Event.DIGEST)]
        states = await _all_states(session, shop) if wanting else ()
        recent = [alert for alert in await alerts.page(session, limit=200) if alert.raised_at > shop.now() - _WEEK]
        organisation = (await tenants.current(session)).name
    async with shop.writing(held) as session:
        for channel in wanting if states else ():
            text = digest(organisation, states, tuple(alert for alert in recent if alert.event != Event.RECOVERED))
            wanted = DeliveryWanted(channel.id, note=Note(Event.DIGEST, text))
            order = Order(orders.DELIVER, f"{held.job.key}:{channel.id}", orders.payload(wanted))
            await jobs.enqueue(session, order, shop.now(), shop.now())
        done = Outcome(said=f"{counted(len(wanting) if states else 0, 'letter')} ordered")
        await jobs.finish(session, held.job, orders.outcome(done), shop.now())


async def _all_states(session: TenantSession, shop: Workshop) -> tuple[DomainState, ...]:
    found: list[DomainState] = []
    while page := await overviews.overview(session, shop.now(), after=found[-1].name if found else "", limit=500):
        found += page
    return tuple(found)


def digest(organisation: str, states: tuple[DomainState, ...], recent: tuple[Alert, ...]) -> str:
    """Plain text; the first line is its subject."""
    scanned = [state for state in states if state.points is not None]
    words = [_word(state) for state in scanned]
    summary = ", ".join(f"{words.count(word)} {word}" for word in (*Band, INCOMPLETE) if word in words)
    lines = [f"{organisation}: {counted(len(states), 'domain')}{': ' + summary if summary else ''}", ""]
    if len(scanned) < len(states):
        lines += [f"{counted(len(states) - len(scanned), 'domain has', 'domains have')} not been scanned yet.", ""]
    worst = sorted(scanned, key=lambda state: (state.points or 0.0, state.name))[:_MOST_DOMAINS]
    lines += ["Lowest first:", *(_line(state) for state in worst), ""] if worst else []
    lines += ["Alerts of the week:", *(f"  {alert.raised_at:%a %d %b} {alert.message}" for alert in recent[:_MOST_ALERTS])]
    lines += [f"  and {len(recent) - _MOST_ALERTS} more"] if len(recent) > _MOST_ALERTS else [] if recent else ["  none"]
    return "\n".join(lines)


def _word(state: DomainState) -> str:
    return standing(state.band or "", incomplete=bool(state.incomplete))


def _line(state: DomainState) -> str:
    change = (state.points or 0.0) - state.previous_points if state.previous_points is not None else 0.0
    moved = f", {'up' if change > 0 else 'down'} {points(abs(change))}" if abs(change) >= 0.05 else ""
    return f"  {state.name}: {scored(state.points or 0.0, state.coverage or 0.0)} of 100, grade {state.grade}, {_word(state)}{moved}"
