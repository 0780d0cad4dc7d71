"""Values in bodies, as strict as the description says: what is no string is no date, and what is no boolean is none."""

from datetime import timedelta
from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator, Field, PlainSerializer, Strict, WithJsonSchema


def _text(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("a string is wanted")
    return value


def _iso(value: timedelta) -> str:
    days, seconds = divmod(int(value.total_seconds()), 86400)
    hours, minutes = divmod(seconds // 60, 60)
    parts = "".join(f"{amount}{unit}" for amount, unit in ((hours, "H"), (minutes, "M"), (seconds % 60, "S")) if amount)
    return f"P{f'{days}D' if days or not parts else ''}{f'T{parts}' if parts else ''}"


Flag = Annotated[bool, Strict()]
Moment = Annotated[AwareDatetime, BeforeValidator(_text)]
Interval = Annotated[
    timedelta,
    BeforeValidator(_text),
    Field(ge=timedelta(hours=1), le=timedelta(days=400), description="ISO 8601, from PT1H to P400D.", examples=["P7D"]),
]
# Days and smaller units only: how long a year or a month is depends on which.
Duration = Annotated[timedelta, PlainSerializer(_iso, return_type=str), WithJsonSchema({"type": "string", "format": "duration"})]
DomainText = Annotated[str, Field(max_length=300, json_schema_extra={"format": "idn-hostname"}, examples=["example.com"])]
