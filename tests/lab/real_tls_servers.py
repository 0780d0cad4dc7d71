"""What the real Postfix of the TLS tests and benchmarks can and cannot do."""

from datetime import UTC, datetime
from functools import cache

from hauberk.lab.pki import CertificateSpec, Issued, Pki
from lab.real_postfix import HOST

EVERYTHING = (
    "smtpd_tls_protocols=>=TLSv1",
    "tls_medium_cipherlist=ALL:COMPLEMENTOFALL:@SECLEVEL=0",
    "tls_high_cipherlist=ALL:COMPLEMENTOFALL:@SECLEVEL=0",
    "tls_preempt_cipherlist=no",
)
MODERN = (
    "smtpd_tls_protocols=>=TLSv1.2",
    "tls_medium_cipherlist=ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20",
    "tls_preempt_cipherlist=yes",
)
ONLY_1_3 = ("smtpd_tls_protocols=>=TLSv1.3",)


@cache
def pair() -> tuple[Issued, Issued]:
    """An RSA and an ECDSA certificate."""
    pki = Pki(datetime.now(UTC))
    return pki.issue(CertificateSpec((HOST,), key="rsa2048")), pki.issue(CertificateSpec((HOST,), key="ec256"))
