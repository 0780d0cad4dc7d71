"""Mnemonics of record types and response codes (IANA "Domain Name System Parameters"; RFC 3597 for types without one)."""

TYPES: dict[str, int] = {
    "A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "HINFO": 13, "MX": 15, "TXT": 16, "RP": 17, "AFSDB": 18, "KEY": 25, "AAAA": 28,
    "LOC": 29, "SRV": 33, "NAPTR": 35, "CERT": 37, "DNAME": 39, "APL": 42, "DS": 43, "SSHFP": 44, "IPSECKEY": 45, "RRSIG": 46, "NSEC": 47,
    "DNSKEY": 48, "DHCID": 49, "NSEC3": 50, "NSEC3PARAM": 51, "TLSA": 52, "SMIMEA": 53, "HIP": 55, "CDS": 59, "CDNSKEY": 60,
    "OPENPGPKEY": 61, "CSYNC": 62, "ZONEMD": 63, "SVCB": 64, "HTTPS": 65, "SPF": 99, "NID": 104, "L32": 105, "L64": 106, "LP": 107,
    "EUI48": 108, "EUI64": 109, "ANY": 255, "URI": 256, "CAA": 257,
}  # fmt: skip
MNEMONICS: dict[int, str] = {code: mnemonic for mnemonic, code in TYPES.items()}

RCODES: dict[int, str] = {
    0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED", 6: "YXDOMAIN", 7: "YXRRSET", 8: "NXRRSET",
    9: "NOTAUTH", 10: "NOTZONE", 16: "BADVERS", 23: "BADCOOKIE",
}  # fmt: skip


def type_code(mnemonic: str) -> int | None:
    """The number of a type; `TYPE65280` works for every number (RFC 3597, 5). None for what is no type."""
    code = TYPES.get(mnemonic)
    if code is None and mnemonic.startswith("TYPE") and mnemonic[4:].isascii() and mnemonic[4:].isdigit() and len(mnemonic) <= 9:
        code = int(mnemonic[4:])
    return code if code is not None and code <= 0xFFFF else None


def type_mnemonic(code: int) -> str:
    return MNEMONICS.get(code) or f"TYPE{code}"


def rcode_mnemonic(code: int) -> str:
    return RCODES.get(code) or f"RCODE{code}"
