"""What the tests of the exports share: hostile text, and the schemas of others, which lie beside the checkout."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import strategies as st

from hauberk.model.assessment import Assessment
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from report.samples import assessment, observation

_SUITES = Path(os.environ.get("HAUBERK_SHARED", Path(__file__).parents[3].parent / "shared")) / "suites"
TAPE = observation()
FORBIDDEN_IN_XML = "".join(map(chr, (*range(9), 11, 12, *range(14, 32), 0xD800, 0xDFFF, 0xFFFE, 0xFFFF)))
HOSTILE = (
    *("", " ", '"', "\\", "\n", "a\rb", "\t", "]]>", "--><x/>", "<script>alert(1)</script>", "&amp;", "\u202eevil", "\u2028"),
    *('evil" } 1\nhauberk_fake{x="', "{0} [click](https://evil.example) {{", "café 日本 🐎", FORBIDDEN_IN_XML),
)


def hostile_text() -> st.SearchStrategy[str]:
    """Anything that a stranger could write, lone surrogates and control characters included."""
    return st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(exclude_categories=()), max_size=60))


def with_findings(texts: tuple[str, ...], verdict: Verdict = Verdict.FAIL) -> Assessment:
    """An assessment of a domain whose findings say those texts in every place."""
    findings = tuple(Finding(text, verdict, text, (text,), "code") for text in texts)
    return assessment(TAPE, (CheckVerdict("spf.valid", verdict, findings), CheckVerdict("dane.valid", Verdict.NOT_APPLICABLE)))


def schema(name: str) -> object:
    """A published JSON schema; the test skips where it is not at hand."""
    path = _SUITES / name
    if not path.exists():
        pytest.skip(f"{name} is not in {_SUITES}")
    return json.loads(path.read_text())
