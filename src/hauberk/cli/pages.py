"""The catalogue as text, JSON and Markdown, generated from the checks' own files."""

from difflib import get_close_matches

import msgspec

from hauberk.checks.catalogue import VERSION, Entry, entries


def catalogue_text() -> str:
    """One line a check."""
    width = max((len(entry.check.id) for entry in entries()), default=0)
    return "".join(f"{entry.check.id:{width}}  {entry.check.title}\n" for entry in entries())


def catalogue_json() -> str:
    checks = [
        {
            "id": entry.check.id,
            "area": entry.check.area,
            "title": entry.check.title,
            "sources": [str(source) for source in entry.check.sources],
            "page": entry.page,
        }
        for entry in entries()
    ]
    return msgspec.json.format(msgspec.json.encode({"version": VERSION, "checks": checks}), indent=2).decode() + "\n"


def catalogue_markdown() -> str:
    """The whole catalogue as one document: a table, then every page."""
    rows = "".join(f"| [{entry.check.id}](#{_anchor(entry)}) | {entry.check.title} | {_sources(entry)} |\n" for entry in entries())
    pages = "\n".join(f"## {entry.check.id}\n\n{_demoted(entry.page)}\n\nSources: {_sources(entry)}\n" for entry in entries())
    return (
        f"# Catalogue of checks\n\nVersion {VERSION}, {len(entries())} checks. This page is generated from the files of the checks "
        f"(`make catalogue`).\n\n| check | wanted | source |\n|---|---|---|\n{rows}\n{pages}"
    )


def page(entry: Entry) -> str:
    """One check's page for the terminal."""
    head = f"{entry.check.id}: {entry.check.title}"
    return f"{head}\n{'=' * len(head)}\n\n{entry.page}\n\nSources: {_sources(entry)}\n"


def near(name: str) -> list[str]:
    """Ids that look like `name`."""
    return get_close_matches(name.lower(), [entry.check.id for entry in entries()], n=2, cutoff=0.5)


def _sources(entry: Entry) -> str:
    return "; ".join(str(source) for source in entry.check.sources)


def _anchor(entry: Entry) -> str:
    return entry.check.id.replace(".", "")


def _demoted(text: str) -> str:
    """Headings one level down, so that they stand below the check's own."""
    return "\n".join(f"#{line}" if line.startswith("#") else line for line in text.splitlines())
