"""The include and redirect tree of a domain: names with their records, terms with what they ask."""

from enum import StrEnum
from functools import cached_property

from msgspec import Struct

from hauberk.model.dns import DnsAnswer, NoAnswer
from hauberk.protocols.spf.record import SpfRecord
from hauberk.protocols.spf.selection import Selection
from hauberk.protocols.spf.space import AddressSpace, Network
from hauberk.protocols.spf.terms import All, Asking, Qualifier


class State(StrEnum):
    """What stands at a name of the tree."""

    RECORD = "record"  # exactly one SPF record, perhaps a faulty one
    NONE = "none"  # the name has no SPF record
    NXDOMAIN = "nxdomain"
    DUPLICATE = "duplicate"
    UNANSWERED = "unanswered"  # time-out, SERVFAIL
    LOOP = "loop"  # the name is its own ancestor
    MACRO = "macro"  # the name hangs on the message
    NO_NAME = "no-name"  # the target can be no DNS name
    LEFT_OUT = "left-out"  # beyond what a tree may ask


class Lookup(Struct, frozen=True):
    """One term that makes receivers ask the DNS, counted by RFC 7208, 4.6.4.

    `name` is its target (empty if it hangs on the message). `hosts` are the names behind an `mx`. `void` lists what it asks in vain, as
    `name TYPE: NXDOMAIN` or `name TYPE: no records`; `unanswered` what got no answer, likewise. `gone` is the registrable domain of the
    target if that does not exist, so that anybody may register it; `gone_unknown` says that this could not be found out.
    """

    term: Asking
    name: str
    child: "Node | None" = None
    hosts: tuple[str, ...] = ()
    void: tuple[str, ...] = ()
    unanswered: tuple[str, ...] = ()
    gone: str = ""
    gone_unknown: bool = False

    @property
    def cost(self) -> int:
        return 1 + (self.child.cost if self.child else 0)


class Node(Struct, frozen=True):
    """A name with its record. `cost` is the number of lookups of its terms and of all below; `passing` says that a match in it passes."""

    domain: str
    state: State
    record: SpfRecord | None = None
    answer: DnsAnswer | NoAnswer | None = None
    lookups: tuple[Lookup, ...] = ()
    networks: tuple[Network, ...] = ()
    passing: bool = True
    cost: int = 0

    def walk(self) -> "list[Node]":
        """This node and all below it, in the order of evaluation."""
        found: list[Node] = [self]
        for lookup in self.lookups:
            if lookup.child:
                found += lookup.child.walk()
        return found


class SpfTree(Struct, frozen=True, dict=True):
    """`nodes` are the root and all below it in the order of evaluation; `selection` is what the TXT records of the domain itself hold;
    `networks` and `space` what its policy lets send with a pass.

    `all` is the qualifier for everybody else, found behind redirects, in the record of `all_owner`; None if there is none, or if
    the redirect leads nowhere (then `all_owner` is the last name on the way).
    """

    root: Node
    nodes: tuple[Node, ...]
    selection: Selection
    networks: tuple[Network, ...]
    space: AddressSpace
    all: Qualifier | None
    all_owner: str

    @property
    def cost(self) -> int:
        """Lookups in the worst case, every term evaluated; a lower bound if `is_whole` is false."""
        return self.root.cost

    @cached_property
    def lookups(self) -> tuple[tuple[Node, Lookup], ...]:
        """Every counted term with the node that has it."""
        return tuple((node, lookup) for node in self.nodes for lookup in node.lookups)

    @property
    def is_whole(self) -> bool:
        """Whether nothing hid: no unanswered name, no target that hangs on the message, no bound reached."""
        hidden = (State.UNANSWERED, State.MACRO, State.LEFT_OUT)
        return not any(node.state in hidden or any(one.unanswered for one in node.lookups) for node in self.nodes)

    @cached_property
    def open_to_all(self) -> tuple[str, ...]:
        """Domains of the tree whose `+all` lets everybody pass."""
        found = (node.domain for node in self.nodes if node.passing and node.record and node.record.all == All(Qualifier.PASS))
        return tuple(dict.fromkeys(found))
