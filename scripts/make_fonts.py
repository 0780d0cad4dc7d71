"""Makes src/hauberk/report/fonts: what a report needs to show any name as written, and nothing else.

Wants fonttools, Debian's fonts-noto-core and fonts-noto-cjk, and the npm packages @ibm/plex-sans and @ibm/plex-mono unpacked:

    python scripts/make_fonts.py --plex-sans DIR --plex-mono DIR [--noto /usr/share/fonts] [--out src/hauberk/report/fonts]

IBM Plex is only unwrapped from WOFF (its name is reserved, so it is not altered). Noto is cut to the characters listed here.
`coverage.json` says which font has which characters, so that the report knows before setting it what can be shown.
"""

import argparse
import json
from itertools import pairwise
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

PLEX = {
    "plex-sans": ("IBMPlexSans-Regular", "IBMPlexSans-Medium", "IBMPlexSans-SemiBold"),
    "plex-mono": ("IBMPlexMono-Regular",),
}
SCRIPTS = (
    "", "Tamil", "Devanagari", "Bengali", "Gurmukhi", "Gujarati", "Telugu", "Kannada", "Malayalam", "Oriya", "Sinhala",
    "Thai", "Lao", "Khmer", "Myanmar", "Hebrew", "Arabic", "Armenian", "Georgian", "Ethiopic",
)  # fmt: skip


def cjk_characters() -> set[int]:
    """Kana, bopomofo, punctuation, full-width forms, all Hangul syllables, all of the CJK Unified Ideographs block, and
    what GB 18030's two-byte part, Big5 and JIS X 0213 add to it."""
    ranges = ((0x3000, 0x312F), (0x3131, 0x318E), (0x31A0, 0x31BF), (0x31F0, 0x31FF), (0x3220, 0x325F), (0x3280, 0x32CB),
              (0xFF01, 0xFFEE), (0xFE30, 0xFE4F), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0xF900, 0xFA6D))  # fmt: skip
    found = {code for first, last in ranges for code in range(first, last + 1)}
    for codec in ("gbk", "big5hkscs", "euc_jis_2004"):
        for code in (*range(0x3400, 0x4DC0), *range(0x20000, 0x2A6E0)):
            try:
                chr(code).encode(codec)
            except UnicodeEncodeError:
                continue
            found.add(code)
    return found


def unwrap(source: Path, target: Path) -> Path:
    font = TTFont(source, recalcTimestamp=False)
    font.flavor = None
    path = target.with_suffix(".otf" if font.sfntVersion == "OTTO" else ".ttf")
    font.save(path)
    return path


def cut(font: TTFont, codes: set[int] | None, features: list[str], target: Path) -> Path:
    options = subset.Options(
        layout_features=features,
        hinting=False,
        desubroutinize=False,
        notdef_outline=True,
        recalc_timestamp=False,
        name_IDs=[0, 1, 2, 3, 4, 5, 6, 13, 14],
    )
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=codes if codes is not None else set(font.getBestCmap()))
    cutter.subset(font)
    font.save(target)
    return target


def ranges_of(font: TTFont) -> list[list[int]]:
    codes = sorted(font.getBestCmap())
    starts = [codes[0], *(after for before, after in pairwise(codes) if after != before + 1)]
    ends = [*(before for before, after in pairwise(codes) if after != before + 1), codes[-1]]
    return [[first, last] for first, last in zip(starts, ends, strict=True)]


def noto_licence(plex_licence: str) -> str:
    """The Open Font License is one text; only the line that says whose fonts they are differs."""
    return (
        "Noto Sans: Copyright 2010-2020 Google LLC.\n"
        'Noto Sans CJK SC: Copyright 2014-2021 Adobe (http://www.adobe.com/), with Reserved Font Name "Source".\n'
        "Cut to fewer characters, see README.md.\n\n" + plex_licence.partition("\n")[2].lstrip()
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--plex-sans", type=Path, required=True)
    arguments.add_argument("--plex-mono", type=Path, required=True)
    arguments.add_argument("--noto", type=Path, default=Path("/usr/share/fonts"))
    arguments.add_argument("--out", type=Path, default=Path("src/hauberk/report/fonts"))
    given = arguments.parse_args()
    out: Path = given.out
    made: list[Path] = []
    for family, faces in PLEX.items():
        package: Path = given.plex_sans if family == "plex-sans" else given.plex_mono
        made += [unwrap(package / "fonts/complete/woff" / f"{face}.woff", out / face) for face in faces]
        (out / f"LICENSE-{family}.txt").write_bytes((package / "LICENSE.txt").read_bytes())
    (out / "LICENSE-noto.txt").write_text(noto_licence((out / "LICENSE-plex-sans.txt").read_text()))
    for script in SCRIPTS:
        name = f"NotoSans{script}-Regular.ttf"
        made.append(cut(TTFont(given.noto / "truetype/noto" / name, recalcTimestamp=False), None, ["*"], out / name))
    chinese = next(
        face
        for number in range(10)
        if (face := TTFont(given.noto / "opentype/noto/NotoSansCJK-Regular.ttc", fontNumber=number, recalcTimestamp=False))[
            "name"
        ].getDebugName(4)
        == "Noto Sans CJK SC"
    )
    made.append(cut(chinese, cjk_characters(), ["ccmp", "kern", "palt"], out / "NotoSansCJKsc-Regular.otf"))
    coverage = [
        {
            "font": path.name,
            "family": TTFont(path)["name"].getDebugName(16) or TTFont(path)["name"].getDebugName(1),
            "ranges": ranges_of(TTFont(path)),
        }
        for path in made
    ]
    (out / "coverage.json").write_text(json.dumps(coverage, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
