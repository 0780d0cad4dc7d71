"""What happens to one message, in order: whose is it, what is in it, must it be encrypted."""

import asyncio
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, TypeAlias

from cryptography import x509

from hauberk.system.gateway import ownership
from hauberk.system.gateway.confidentiality import Sealer
from hauberk.system.gateway.config import Action, GatewayConfig, Side, WithoutKey
from hauberk.system.gateway.directory import Directory, directory
from hauberk.system.gateway.findings import Finding, action, gravest
from hauberk.system.gateway.keystore import KeyStore
from hauberk.system.gateway.message import AddField, Change, Decision, DropField, Hold, Message, Pass, Refuse
from hauberk.system.gateway.wkd import Wkd
from hauberk.system.gateway.worker import Settings
from hauberk.system.gateway.workers import CannotStart, Workers

Clock: TypeAlias = Callable[[], datetime]
NOTE_FIELD: Final = "X-Hauberk-Content"
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Gateway:
    """A configuration at work. `decide` is the server's `Decide`; an exception out of it is 451."""

    config: GatewayConfig
    clock: Clock
    workers: Workers
    directory: Directory | None
    sealer: Sealer | None

    @classmethod
    async def start(cls, config: GatewayConfig, clock: Clock) -> "Gateway":
        """Workers and all; raises `CannotStart`."""
        sealing = await asyncio.to_thread(sealer, config)
        workers = Workers(Settings(config.engine, config.attachments), config.limits.workers, config.limits.inspection_seconds)
        await workers.start()
        return cls(config, clock, workers, directory(config.senders) if config.senders is not None else None, sealing)

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
        changes = (*_without_forged(message), *self._notes(message, findings))
        if self.sealer is not None:
            made = await self.sealer.seal(message, self.clock())
            if isinstance(made, Refuse):
                return self._without_key(made, changes)
            changes += made
        if worst is Action.QUARANTINE and finding is not None:
            return Hold(str(finding), str(finding.kind), changes)
        return Pass(changes)

    def _without_key(self, refusal: Refuse, changes: tuple[Change, ...]) -> Decision:
        if self.config.confidentiality.without_key is WithoutKey.QUARANTINE:
            return Hold(refusal.reason, refusal.rule, changes)
        return self._worded(refusal)

    async def stop(self) -> None:
        await self.workers.stop()
        if self.directory is not None:
            await self.directory.close()

    def _worded(self, refusal: Refuse) -> Refuse:
        """A refusal that says whose rule it is and whom to ask."""
        ask = f"; ask {self.config.help_address}" if self.config.help_address else ""
        words = f"{self.config.organisation} refuses this message: {refusal.reason[:280]}{ask}"
        return Refuse(words, refusal.rule, refusal.code, refusal.enhanced)

    def _notes(self, message: Message, findings: tuple[Finding, ...]) -> tuple[Change, ...]:
        """A field for each finding that is let pass. Not on what goes out: names of attachments are nobody's business there."""
        config = self.config
        noted = (Action.NOTE, Action.QUARANTINE)
        wanted = [finding for finding in findings if action(finding.kind, config.engine, config.attachments) in noted]
        for finding in wanted:
            _log.info("%s: noted (%s): %s", message.queue_id or "-", finding.kind, _header_text(str(finding)))
        if config.side is Side.SUBMISSION:
            return ()
        return tuple(AddField(NOTE_FIELD, _header_text(f"{finding.kind}; {finding}")) for finding in wanted)


def sealer(config: GatewayConfig) -> Sealer | None:
    """The sealer that the configuration wants, if any; raises `CannotStart`."""
    if not config.confidentiality.enabled:
        return None
    keys = config.keys
    try:
        authorities = x509.load_pem_x509_certificates(Path(keys.authorities).read_bytes()) if keys.authorities else []
        lookup = Wkd(keys.wkd_seconds, keys.trust_anchors).keys if keys.wkd else None
    except (OSError, ValueError) as error:
        raise CannotStart(f"[keys]: {error}") from error
    return Sealer(config.confidentiality, KeyStore(Path(keys.store or os.devnull)), tuple(authorities), lookup)


def _without_forged(message: Message) -> tuple[Change, ...]:
    """Fields that look like ours, written by the sender, go: the last first, since the others move up."""
    count = len(message.values(NOTE_FIELD))
    return tuple(DropField(NOTE_FIELD, index) for index in range(count, 0, -1))


def _header_text(text: str) -> str:
    return "".join(one if " " <= one <= "~" else "?" for one in text)[:500]
