"""Does a certificate's DNS name stand for a host? (RFC 9525, 6.3)"""


def matches(pattern: str, name: str) -> bool:
    """A DNS name of the subject alternative name against a host name, both A-labels; the case does not matter.

    A wildcard is the whole leftmost label and stands for exactly one label. The common name is never looked at (RFC 9525, 2).
    """
    presented, wanted = pattern.lower().removesuffix("."), name.lower().removesuffix(".")
    if not presented or not wanted:
        return False
    if presented.startswith("*."):
        first, _, rest = wanted.partition(".")
        return bool(first) and "*" not in presented[2:] and "." in presented[2:] and rest == presented[2:]
    return "*" not in presented and presented == wanted


def any_matches(patterns: tuple[str, ...], name: str) -> bool:
    return any(matches(pattern, name) for pattern in patterns)
