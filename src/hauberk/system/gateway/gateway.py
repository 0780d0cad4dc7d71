"""What happens to one message, in order: whose is it, what is in it, must it be encrypted."""

import asyncio
from dataclasses import dataclass
from typing import Final

from hauberk.system.gateway import ownership
from hauberk.system.gateway.config import Action, GatewayConfig, Side
from hauberk.system.gateway.directory import Directory, directory
from hauberk.system.gateway.findings import Finding, action, gravest
from hauberk.system.gateway.message import AddField, Change, Decision, DropField, Hold, Message, Pass, Refuse
from hauberk.system.gateway.worker import Settings
from hauberk.system.gateway.workers import Workers

NOTE_FIELD: Final = "X-Hauberk-Content"


@dataclass(slots=True)
class Gateway:
    """A configuration at work. `decide` is the server's `Decide`; an exception out of it is 451."""

    config: GatewayConfig
    workers: Workers
    directory: Directory | None

    @classmethod
    async def start(cls, config: GatewayConfig) -> "Gateway":
        """Workers and all; raises `CannotStart`."""
        workers = Workers(Settings(config.engine, config.attachments), config.limits.workers, config.limits.inspection_seconds)
        await workers.start()
        return cls(config, workers, directory(config.senders) if config.senders is not None else None)

    async def decide(self, message: Message) -> Decision:
        """The verdict about a message."""
        if self.config.side is Side.SUBMISSION:
            if self.directory is None:
                raise RuntimeError("submission without a directory")
            refusal = await ownership.check(message, self.directory)
            if refusal is not None:
                return self._worded(refusal)
        findings = await self.workers.inspect(await asyncio.to_thread(message.octets))
        worst, finding = gravest(findings, self.config.engine, self.config.attachments)
        if worst is Action.REJECT and finding is not None:
            return self._worded(Refuse(str(finding), str(finding.kind), 554))
        changes = (*_without_forged(message), *self._notes(findings))
        if worst is Action.QUARANTINE and finding is not None:
            return Hold(str(finding), str(finding.kind), changes)
        return Pass(changes)

    async def stop(self) -> None:
        await self.workers.stop()
        if self.directory is not None:
            await self.directory.close()

    def _worded(self, refusal: Refuse) -> Refuse:
        """A refusal that says whose rule it is and whom to ask."""
        ask = f"; ask {self.config.help_address}" if self.config.help_address else ""
        words = f"{self.config.organisation} refuses this message: {refusal.reason[:280]}{ask}"
        return Refuse(words, refusal.rule, refusal.code, refusal.enhanced)

    def _notes(self, findings: tuple[Finding, ...]) -> tuple[Change, ...]:
        config = self.config
        wanted = (
            finding for finding in findings if action(finding.kind, config.engine, config.attachments) in (Action.NOTE, Action.QUARANTINE)
        )
        return tuple(AddField(NOTE_FIELD, _header_text(f"{finding.kind}; {finding}")) for finding in wanted)


def _without_forged(message: Message) -> tuple[Change, ...]:
    """Fields that look like ours, written by the sender, go: the last first, since the others move up."""
    count = len(message.values(NOTE_FIELD))
    return tuple(DropField(NOTE_FIELD, index) for index in range(count, 0, -1))


def _header_text(text: str) -> str:
    return "".join(one if " " <= one <= "~" else "?" for one in text)[:500]
