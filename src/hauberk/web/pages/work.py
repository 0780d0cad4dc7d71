"""What is being done for the visitor: live progress, and what came of it."""

from dataclasses import dataclass

import msgspec
from fastapi import APIRouter, Request, Response

from hauberk.app.work import ordering, orders
from hauberk.app.work.ordering import Progress
from hauberk.store import domains, jobs, reports
from hauberk.store.domains import Domain
from hauberk.store.errors import missing
from hauberk.store.jobs import Job
from hauberk.store.session import TenantSession
from hauberk.web.access import Member, Reader, Visitor
from hauberk.web.installation import Here, Installation
from hauberk.web.page import is_partial, page, see
from hauberk.web.pages.places import Id
from hauberk.web.views.issued import Issue, issues

router = APIRouter(prefix="/work/{id}")


@dataclass(frozen=True, slots=True)
class Work:
    """A job as a page shows it: whose it is, how far it is, and the files that it made."""

    progress: Progress
    domain: Domain
    issue: Issue | None

    @property
    def is_report(self) -> bool:
        return self.progress.kind == orders.REPORT


async def under_way(session: TenantSession, domain: Domain) -> Work | None:
    """What is being done for a domain right now, where somebody may wait for it."""
    scans = [job for job in await jobs.open_of(session, orders.SCAN) if job.payload == domain.name.encode()]
    found = scans or [job for job in await jobs.open_of(session, orders.REPORT) if _reported(job) == domain.id]
    return Work(ordering.progress_of(found[0]), domain, None) if found else None


def _reported(job: Job) -> int:
    try:
        return orders.read_payload(job.payload, orders.ReportWanted).domain_id
    except msgspec.MsgspecError:
        return 0


async def work_of(session: TenantSession, id: int) -> Work:
    """Raises `StoreError` (missing): no such job, or one that is about no domain."""
    job = await jobs.by_id(session, id)
    if job is None:
        raise missing("job")
    match job.kind:
        case orders.SCAN:
            domain = await domains.by_name(session, job.payload.decode(errors="replace"))
        case orders.REPORT:
            domain = await domains.by_id(session, _reported(job))
        case _:
            domain = None
    if domain is None:
        raise missing("job")
    progress = ordering.progress_of(job)
    made = [found for report in progress.report_ids if (found := await reports.by_id(session, report))]
    issued = issues(sorted(made, key=lambda report: -report.id), {domain.id: domain.name})
    return Work(progress, domain, issued[0] if issued else None)


@router.get("")
async def progress(request: Request, id: Id, visitor: Reader, here: Here) -> Response:
    return await progress_page(request, visitor, here, id)


async def progress_page(request: Request, visitor: Visitor, here: Installation, id: int) -> Response:
    """The page of a job; for htmx the moving part of it, and where a scan is through, the way to its result."""
    async with here.store.tenant(visitor.tenant.id, writing=False) as session:
        work = await work_of(session, id)
    if is_partial(request):
        if work.progress.scan_id and not work.is_report and work.progress.ended:
            return see(f"/domains/{work.domain.id}", request)
        moving = page(request, "work_progress.html", visitor, work=work)
        if work.issue is not None:
            moving.headers["HX-Trigger"] = "issued"  # lists of reports on the page look again
        return moving
    return page(request, "work.html", visitor, work=work)


@router.post("/cancel")
async def cancel(request: Request, id: Id, visitor: Member, here: Here) -> Response:
    async with here.store.tenant(visitor.tenant.id, writing=False) as session:
        work = await work_of(session, id)
    await ordering.cancel(here.store, visitor.tenant.id, id, here.clock())
    return see(f"/domains/{work.domain.id}", request)
