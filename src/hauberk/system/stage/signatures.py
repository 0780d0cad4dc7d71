"""Virus signatures of the play: the EICAR test file, and a canary that ClamAV alone knows. Pure.

The texts are put together when they are needed, so that no scanner finds a virus in this program.
"""

EICAR = "".join((r"X5O!P%@AP[4\PZX54(P^)7CC)7}", "$EICAR-STANDARD", "-ANTIVIRUS-TEST-FILE!", "$H+H*"))
FIRST_ENGINE_CANARY = "HAUBERK-" + "FIRST-ENGINE-CANARY-5c1d0e"


def files() -> dict[str, str]:
    """Files of the database folder (signatures.pdf of ClamAV: extended signatures, name:target:offset:hex)."""
    found = {"Eicar-Test-Signature": EICAR, "Hauberk.Canary.First": FIRST_ENGINE_CANARY}
    return {"hauberk.ndb": "".join(f"{name}:0:*:{text.encode().hex()}\n" for name, text in found.items())}
