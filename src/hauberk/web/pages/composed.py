"""What a kept assessment says in words. It never changes, so what was composed lately is kept in memory."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass

from hauberk.model.assessment import Assessment
from hauberk.model.observation import Observation
from hauberk.report.compose import compose
from hauberk.report.content import ReportContent
from hauberk.store import assessments, scans
from hauberk.store.assessments import Assessed
from hauberk.store.errors import missing
from hauberk.store.session import TenantSession

_MOST = 64


@dataclass(frozen=True, slots=True)
class Composed:
    assessment: Assessment
    content: ReportContent


# By the digest of the assessment, which names its tape by digest: whoever may read the one may read what follows from it.
_lately: OrderedDict[tuple[str, str], Composed] = OrderedDict()


async def composed(session: TenantSession, assessed: Assessed, company: str) -> Composed:
    """Raises `StoreError` (missing, damaged)."""
    key = (assessed.sha256, company)
    if key in _lately:
        _lately.move_to_end(key)
        return _lately[key]
    assessment, observation = await kept(session, assessed)
    made = await asyncio.to_thread(lambda: Composed(assessment, compose(assessment, observation, company, attached=False)))
    _lately[key] = made
    while len(_lately) > _MOST:
        _lately.popitem(last=False)
    return made


async def kept(session: TenantSession, assessed: Assessed) -> tuple[Assessment, Observation]:
    """An assessment with its verdicts, and its tape. Raises `StoreError` (missing, damaged)."""
    assessment = await assessments.content(session, assessed.id)
    observation = await scans.observation_of(session, assessed.scan_id)
    if assessment is None or observation is None:
        raise missing("result")
    return assessment, observation
