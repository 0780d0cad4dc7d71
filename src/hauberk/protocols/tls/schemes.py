"""Signature schemes: IANA's numbers and names ("TLS SignatureScheme"), graded by their hash (RFC 9155; NCSC-NL TLS 2025-05, 3.3.5).

Before TLS 1.3 the first octet was the hash and the second the kind of signature (RFC 5246, 7.4.1.4.1); the names of those that TLS 1.3
did not keep are made alike.
"""

from hauberk.protocols.tls.grade import Grade

SOURCE = "NCSC-NL TLS 2025-05, 3.3.5; RFC 9155"

SCHEMES = {
    0x0101: "rsa_pkcs1_md5", 0x0102: "dsa_md5", 0x0103: "ecdsa_md5",
    0x0201: "rsa_pkcs1_sha1", 0x0202: "dsa_sha1", 0x0203: "ecdsa_sha1",
    0x0301: "rsa_pkcs1_sha224", 0x0302: "dsa_sha224", 0x0303: "ecdsa_sha224",
    0x0401: "rsa_pkcs1_sha256", 0x0402: "dsa_sha256", 0x0403: "ecdsa_secp256r1_sha256",
    0x0501: "rsa_pkcs1_sha384", 0x0502: "dsa_sha384", 0x0503: "ecdsa_secp384r1_sha384",
    0x0601: "rsa_pkcs1_sha512", 0x0602: "dsa_sha512", 0x0603: "ecdsa_secp521r1_sha512",
    0x0804: "rsa_pss_rsae_sha256", 0x0805: "rsa_pss_rsae_sha384", 0x0806: "rsa_pss_rsae_sha512",
    0x0807: "ed25519", 0x0808: "ed448",
    0x0809: "rsa_pss_pss_sha256", 0x080A: "rsa_pss_pss_sha384", 0x080B: "rsa_pss_pss_sha512",
    0x081A: "ecdsa_brainpoolP256r1tls13_sha256", 0x081B: "ecdsa_brainpoolP384r1tls13_sha384",
    0x081C: "ecdsa_brainpoolP512r1tls13_sha512", 0x0708: "sm2sig_sm3",
    0x0904: "mldsa44", 0x0905: "mldsa65", 0x0906: "mldsa87",
}  # fmt: skip

SHA1 = (0x0203, 0x0201, 0x0202)
SHA224 = (0x0303, 0x0301, 0x0302)
MD5 = (0x0103, 0x0101, 0x0102)
SOUND = (
    0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0809, 0x080A, 0x080B, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601,
    0x081A, 0x081B, 0x081C, 0x0904, 0x0905, 0x0906,
)  # fmt: skip
# RSA with PKCS #1 signs nothing but certificates in TLS 1.3 (RFC 8446, 4.2.3).
SIGNING_13 = tuple(number for number in SOUND if number not in (0x0401, 0x0501, 0x0601))
# What an undemanding client of TLS 1.2 offers: everything, the sound ones first.
ALL = (*SOUND, 0x0402, 0x0502, 0x0602, *SHA224, *SHA1, *MD5)


def scheme_name(number: int) -> str:
    return SCHEMES.get(number, f"0x{number:04X}")


def scheme_grade(number: int) -> Grade:
    if number in SHA1 or number in MD5:
        return Grade.INSUFFICIENT
    if number in SHA224:
        return Grade.PHASE_OUT
    return Grade.SUFFICIENT if number >> 8 in (4, 5, 6) and number & 0xFF == 1 else Grade.GOOD


def scheme_key(number: int) -> str:
    """The kind of key that signs so."""
    name = scheme_name(number)
    if name.startswith("rsa"):
        return "rsa"
    return name.partition("_")[0] if name[:2] != "0x" else ""
