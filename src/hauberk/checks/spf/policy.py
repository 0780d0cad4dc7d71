"""The domain's SPF policy as all checks of this area see it, and how they word what they could not see."""

from collections.abc import Iterable

from hauberk.checks.reading import Reading
from hauberk.checks.silence import why_unanswered
from hauberk.model.verdict import Finding, Verdict
from hauberk.protocols import spf
from hauberk.protocols.malformed import visible
from hauberk.protocols.spf.terms import Term, render_term

MOST_SHOWN = 20


def spf_tree(reading: Reading) -> spf.SpfTree:
    return reading.walked(spf.tree, reading.domain, reading.options)


def not_answered(tree: spf.SpfTree) -> Iterable[Finding]:
    """The unknown finding for a domain whose own TXT records were not answered."""
    answer = tree.root.answer
    why = why_unanswered(answer) if answer is not None else "not asked"
    message = f"The TXT records of {tree.root.domain} were not answered: {why}."
    yield Finding(tree.root.domain, Verdict.UNKNOWN, message, code="unanswered")


def hidden(tree: spf.SpfTree) -> tuple[str, ...]:
    """What of the tree could not be seen, one phrase a question or target; those that hang on the message not among them."""
    said = [one for _, lookup in tree.lookups for one in lookup.unanswered]
    return tuple(dict.fromkeys(said))


def by_message(tree: spf.SpfTree) -> tuple[str, ...]:
    """The includes and redirects that hang on the message."""
    return tuple(dict.fromkeys(node.domain for node in tree.nodes if node.state is spf.State.MACRO))


def quoted(text: str, most: int = 450) -> str:
    """A record's text as evidence, cut when it is very long."""
    return visible(text if len(text) <= most else f"{text[:most]}…")


def record_of(tree: spf.SpfTree) -> tuple[str, ...]:
    """The domain's record as evidence."""
    return (quoted(tree.root.record.text),) if tree.root.record else ()


def named(term: Term) -> str:
    """The term as published, with invisible characters visible."""
    return visible(render_term(term))


def few(lines: Iterable[str]) -> tuple[str, ...]:
    """The lines, of very many only the first with how many were left out."""
    every = tuple(lines)
    return every if len(every) <= MOST_SHOWN else (*every[:MOST_SHOWN], f"and {len(every) - MOST_SHOWN} more")


def few_findings(findings: Iterable[Finding]) -> Iterable[Finding]:
    """The findings; a hostile record can have thousands of faults."""
    for count, finding in enumerate(findings):
        if count >= MOST_SHOWN:
            message = f"There are more faults; the first {MOST_SHOWN} are listed."
            yield Finding(finding.subject, finding.verdict, message, code=finding.code)
            return
        yield finding


def no_answer_to(node: spf.Node) -> str:
    return "not asked" if node.answer is None else why_unanswered(node.answer)
