"""SPF (RFC 7208): records, macros, the evaluator `check_host`, and the include tree of a domain with all its costs."""

from hauberk.protocols.spf.check_host import check_host
from hauberk.protocols.spf.macros import MacroString
from hauberk.protocols.spf.nodes import Lookup, Node, SpfTree, State
from hauberk.protocols.spf.record import SpfRecord, parse, render
from hauberk.protocols.spf.result import Result, SpfResult
from hauberk.protocols.spf.selection import Selection, select
from hauberk.protocols.spf.space import AddressSpace, Network
from hauberk.protocols.spf.terms import render_term
from hauberk.protocols.spf.tree import tree

__all__ = [
    "AddressSpace",
    "Lookup",
    "MacroString",
    "Network",
    "Node",
    "Result",
    "Selection",
    "SpfRecord",
    "SpfResult",
    "SpfTree",
    "State",
    "check_host",
    "parse",
    "render",
    "render_term",
    "select",
    "tree",
]
