"""What the installation as a whole has done once, and has to know afterwards."""

from enum import StrEnum

from sqlalchemy import select

from hauberk.store.session import SystemSession
from hauberk.store.tables.work import milestones


class Milestone(StrEnum):
    """A sealing key was made, from which badges have their addresses and with which secrets lie sealed."""

    SEALING_KEY = "sealing-key"


async def reached(session: SystemSession, milestone: Milestone) -> bool:
    return await session.first(select(milestones.c.id).where(milestones.c.name == milestone.value)) is not None


async def reach(session: SystemSession, milestone: Milestone) -> None:
    await session.insert_unless_there(milestones, ("name",), name=milestone.value)
