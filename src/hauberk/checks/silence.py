"""How a check words that a question was not answered."""

from hauberk.model.dns import DnsAnswer, NoAnswer


def why_unanswered(answer: DnsAnswer | NoAnswer) -> str:
    """`timeout (after 5 s)`, `SERVFAIL`: to stand behind a colon."""
    if isinstance(answer, DnsAnswer):
        return answer.rcode
    return f"{answer.reason} ({answer.detail})" if answer.detail else str(answer.reason)
