"""SVG Tiny Portable/Secure, the profile that a BIMI logo has to keep (draft-svg-tiny-ps-abrotman)."""

import re
from dataclasses import dataclass
from typing import TypeAlias
from xml.parsers import expat

from hauberk.protocols.malformed import Malformed, visible

LARGEST = 32_768  # octets
DEEPEST = 200
MOST_REMARKS = 20
SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"

_ALLOWED = frozenset(
    "svg title desc defs g use path rect circle ellipse line polyline polygon text textArea tbreak tspan "
    "linearGradient radialGradient stop solidColor metadata".split()
)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?")
_REFERENCE = re.compile(r"url\([\s'\"]*([^\s'\"])", re.IGNORECASE)

Attributes: TypeAlias = dict[str, str]


@dataclass(frozen=True, slots=True)
class SvgLogo:
    """`view_box` is width and height in user units, None without one; `departures` say where the profile is left, in reading order."""

    title: str
    view_box: tuple[float, float] | None
    departures: tuple[str, ...] = ()


class _Refused(Exception):
    """The document holds what is not even looked at."""


class _Reader:
    """Collects what the profile speaks about while expat reads; never expands an entity, never opens anything."""

    def __init__(self) -> None:
        self.departures: list[str] = []
        self.path: list[str] = []
        self.title: list[str] = []
        self.titles = 0
        self.view_box: tuple[float, float] | None = None

    def remark(self, text: str) -> None:
        if text not in self.departures and len(self.departures) < MOST_REMARKS:
            self.departures.append(text)

    def start(self, name: str, attributes: Attributes) -> None:
        namespace, _, local = name.rpartition(" ")
        self.path.append(local)
        if len(self.path) > DEEPEST:
            raise _Refused(f"elements are nested more than {DEEPEST} deep")
        if len(self.path) == 1:
            self._root(namespace, local, attributes)
        elif namespace == SVG and local not in _ALLOWED:
            self.remark(f"<{visible(local[:40])}> is not in the profile")
        if self.path == ["svg", "title"]:
            self.titles += 1
        for attribute, value in attributes.items():
            self._attribute(local, attribute, value)

    def end(self, _name: str) -> None:
        self.path.pop()

    def text(self, data: str) -> None:
        if self.path == ["svg", "title"] and self.titles == 1:
            self.title.append(data)

    def doctype(self, *_: object) -> None:
        raise _Refused("a document type declaration (DTD) is there; entities are an attack on the reader")

    def entity(self, *_: object) -> None:
        raise _Refused("it declares entities")

    def instruction(self, target: str, _data: str) -> None:
        self.remark(f"the processing instruction <?{visible(target[:40])}?> is not in the profile")

    def _root(self, namespace: str, local: str, attributes: Attributes) -> None:
        if (namespace, local) != (SVG, "svg"):
            raise _Refused(f"the document's element is <{visible(local[:40])}>, not <svg> of {SVG}")
        for attribute, wanted in (("version", "1.2"), ("baseProfile", "tiny-ps")):
            found = attributes.get(attribute)
            if found != wanted:
                self.remark(f'{attribute} has to be "{wanted}"' + (f', it is "{visible(found[:40])}"' if found is not None else ""))
        for attribute in ("x", "y"):
            if attribute in attributes:
                self.remark(f"<svg> must not have the attribute {attribute}")
        self.view_box = _view_box(attributes.get("viewBox", ""))
        if self.view_box is None:
            self.remark("viewBox is missing or not four numbers with a size above 0")
        elif not 0.95 <= self.view_box[0] / self.view_box[1] <= 1.05:
            self.remark(f"the logo is not square: viewBox is {self.view_box[0]:g} by {self.view_box[1]:g}")

    def _attribute(self, local: str, attribute: str, value: str) -> None:
        namespace, _, name = attribute.rpartition(" ")
        if name.lower().startswith("on") and not namespace:
            self.remark(f"<{visible(local[:40])}> has the script attribute {visible(name[:40])}")
        if name == "href" and namespace in ("", XLINK) and not value.strip().startswith("#"):
            self.remark(f"<{visible(local[:40])}> refers outside the document: {visible(value[:80])}")
        if any(first != "#" for first in _REFERENCE.findall(value)):
            self.remark(f"<{visible(local[:40])}> refers outside the document: {visible(value[:80])}")


def examine(document: bytes) -> SvgLogo | Malformed:
    """Read a logo against the profile. `Malformed` is what no receiver would even parse: no XML, no SVG, a DTD."""
    shown = document[:200].decode("utf-8", "backslashreplace")
    if document.startswith(b"\x1f\x8b"):
        return Malformed(shown, 0, "the file is compressed; BIMI takes a plain .svg here", 1)
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = reader.doctype
    parser.EntityDeclHandler = reader.entity
    parser.ProcessingInstructionHandler = reader.instruction
    try:
        parser.Parse(document, True)
    except _Refused as refusal:
        return Malformed(shown, 0, str(refusal), min(len(shown), 1) or 1)
    except (expat.ExpatError, ValueError, LookupError) as error:
        return Malformed(shown, 0, f"not well-formed XML: {visible(str(error))}", 1)
    title = "".join(reader.title).strip()
    if reader.titles != 1 or not title:
        reader.remark("one <title> with text is required right below <svg>")
    if len(document) > LARGEST:
        reader.remark(f"the file has {len(document)} octets, receivers take at most {LARGEST}")
    return SvgLogo(title, reader.view_box, tuple(reader.departures))


def _view_box(value: str) -> tuple[float, float] | None:
    numbers = [float(part) for part in re.split(r"[\s,]+", value.strip()) if _NUMBER.fullmatch(part)]
    if len(numbers) != 4 or not (0 < numbers[2] < 1e9 and 0 < numbers[3] < 1e9):
        return None
    return numbers[2], numbers[3]
