"""The check of a webhook's signature, as the documentation gives it to receivers, does what the sender does."""

import textwrap
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from hauberk.app.work.webhook_signature import holds, sign
from hauberk.web.api.webhooks import ABOUT, RECEIVER
from store.samples import NOW

_DOCUMENT = Path(__file__).parents[3] / "docs" / "api.md"


def _genuine() -> Callable[..., bool]:
    room: dict[str, Any] = {}
    exec(RECEIVER, room)
    return room["genuine"]


def test_page_and_document_give_the_same_code() -> None:
    shown = textwrap.indent(RECEIVER, "    ", lambda line: bool(line.strip()))
    assert shown in _DOCUMENT.read_text()
    assert shown.replace("\n\n", "\n    \n") in ABOUT or shown in ABOUT


def test_what_was_sent_is_genuine_and_nothing_else() -> None:
    genuine, body = _genuine(), '{"id": "7", "message": "schlechter – 悪い"}'.encode()
    header = sign("secret", body, NOW)
    assert genuine("secret", header, body, NOW.timestamp() + 60)
    for secret, said, got, after in (
        ("other", header, body, 0),
        ("secret", header, body + b" ", 0),
        ("secret", header.replace("t=1", "t=2"), body, 0),
        ("secret", header, body, 301),
        ("secret", header, body, -301),
        ("secret", "", body, 0),
        ("secret", "t=x,v1=y", body, 0),
        ("secret", header.partition(",")[0], body, 0),
        ("secret", header[:-1] + "ü", body, 0),
    ):
        assert not genuine(secret, said, got, NOW.timestamp() + after)
        assert not holds(secret, said, got, NOW + timedelta(seconds=after))
