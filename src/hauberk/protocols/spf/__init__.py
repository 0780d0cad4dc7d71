"""SPF (RFC 7208): records, macros, the evaluator `check_host`, and the include tree of a domain with all its costs."""

from hauberk.protocols.spf.check_host import Result, SpfResult, check_host
from hauberk.protocols.spf.macros import MacroString
from hauberk.protocols.spf.record import SpfRecord, parse, render
from hauberk.protocols.spf.selection import Selection, select

__all__ = ["MacroString", "Result", "Selection", "SpfRecord", "SpfResult", "check_host", "parse", "render", "select"]
