"""The second engine's rules, compiled once, and a file looked at with them. YARA-X, which shares no code with ClamAV."""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import yara_x


class BadRules(ValueError):
    """Which file of rules is wrong, and where."""


@dataclass(frozen=True, slots=True)
class Match:
    """A rule that fits, and its `description` or `malware` meta value."""

    rule: str
    description: str


class Yara:
    """Compiled rules with a scanner; used by one thread only, since the scanner is bound to it. `seconds` is for one file."""

    def __init__(self, folder: str, seconds: float) -> None:
        rules = _compiled(_sources(folder))
        if isinstance(rules, str):
            raise BadRules(rules)
        self._scanner = yara_x.Scanner(rules)
        self._scanner.set_timeout(max(1, int(seconds)))

    def scan(self, octets: bytes) -> tuple[Match, ...]:
        """The rules that fit, in the order of their files."""
        return tuple(Match(rule.identifier, _description(rule)) for rule in self._scanner.scan(octets).matching_rules)


def _compiled(sources: list[tuple[str, str]]) -> yara_x.Rules | str:
    """The rules, or what is wrong. Nothing is raised: a traceback would keep the compiler, which must end in the thread that made it."""
    compiler = yara_x.Compiler()
    for name, text in sources:
        compiler.new_namespace(name)
        try:
            compiler.add_source(text, origin=name)
        except yara_x.CompileError as error:
            return f"{name}: {error}"
    return compiler.build()


def _sources(folder: str) -> list[tuple[str, str]]:
    own = [
        (entry.name, entry.read_text("utf-8"))
        for entry in files("hauberk.system.gateway").joinpath("rules").iterdir()
        if entry.name.endswith(".yar")
    ]
    theirs = sorted(path for path in Path(folder).iterdir() if path.suffix in (".yar", ".yara")) if folder else []
    return sorted(own) + [(str(path), _text(path)) for path in theirs]


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise BadRules(f"{path} is not UTF-8") from error


def _description(rule: yara_x.Rule) -> str:
    known = dict(rule.metadata)
    return str(known.get("description") or known.get("malware") or rule.identifier)
