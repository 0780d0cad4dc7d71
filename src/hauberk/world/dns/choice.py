"""Which of the machine's resolvers a scan goes by: one for all its questions, so that its answers fit together."""

from hauberk.model.dns import DnsAnswer, Question
from hauberk.world.dns.client import DnsClient

PATIENCE = 2.0  # seconds for each but the last


async def first_answering(resolvers: tuple[str, ...], *, patience: float = PATIENCE) -> str:
    """The first that answers for the root; the very first where none does, or where there is no choice."""
    if len(resolvers) == 1:
        return resolvers[0]
    for url in resolvers:
        async with DnsClient(url, timeout=patience, tries=2) as client:
            answer = await client.ask(Question(".", "NS"))
        if isinstance(answer, DnsAnswer) and answer.rcode == "NOERROR":
            return url
    return resolvers[0]
