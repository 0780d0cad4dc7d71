"""Why a signature does not hold."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Flaw:
    """`where` it is (`the file`, `the signature`, `the time stamp` ...) and what is wrong there, for people."""

    where: str
    reason: str

    def __str__(self) -> str:
        return f"{self.where}: {self.reason}"
