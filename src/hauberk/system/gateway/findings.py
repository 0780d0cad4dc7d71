"""What an inspection of a message's content found, and how that becomes a verdict."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from hauberk.system.gateway.config import Action, Attachments, Engine


class Kind(StrEnum):
    """What was found. `bomb` is content that unpacks without end: no setting lets that pass."""

    MATCH = "match"
    ACTING_MACRO = "acting-macro"
    MACRO = "macro"
    REFUSED_TYPE = "refused-type"
    ENCRYPTED_ARCHIVE = "encrypted-archive"
    UNREADABLE_ARCHIVE = "unreadable-archive"
    AMBIGUOUS_MIME = "ambiguous-mime"
    ENCRYPTED_MAIL = "encrypted-mail"
    BOMB = "bomb"


@dataclass(frozen=True, slots=True)
class Finding:
    """`where`: the names of the attachment and of the archives around it, from outside; `what` says it in words."""

    kind: Kind
    what: str
    where: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{' > '.join(self.where)}: {self.what}" if self.where else self.what


_SEVERITY: Final = (Action.ACCEPT, Action.NOTE, Action.QUARANTINE, Action.REJECT)


def action(kind: Kind, engine: Engine, attachments: Attachments) -> Action:
    """What the configuration wants for a kind of finding."""
    match kind:
        case Kind.MATCH:
            return engine.on_match
        case Kind.ACTING_MACRO:
            return engine.macros
        case Kind.MACRO:
            return engine.any_macros
        case Kind.REFUSED_TYPE:
            return attachments.on_refused
        case Kind.ENCRYPTED_ARCHIVE:
            return attachments.encrypted_archives
        case Kind.UNREADABLE_ARCHIVE:
            return attachments.unreadable_archives
        case Kind.AMBIGUOUS_MIME:
            return attachments.ambiguous_mime
        case Kind.ENCRYPTED_MAIL:
            return attachments.encrypted_mail
        case Kind.BOMB:
            return Action.REJECT


def gravest(findings: tuple[Finding, ...], engine: Engine, attachments: Attachments) -> tuple[Action, Finding | None]:
    """The sternest action that any finding calls for, and the first that does; ACCEPT where nothing was found."""
    judged = [(action(finding.kind, engine, attachments), finding) for finding in findings]
    worst = max(judged, key=lambda pair: _SEVERITY.index(pair[0]), default=None)
    return worst if worst is not None else (Action.ACCEPT, None)
