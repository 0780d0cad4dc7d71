"""What a page says after a form was taken: the address names it, the words stand here."""

SAID = {
    "saved": "Saved.",
    "removed": "Removed.",
    "left": "The member has left the organisation.",
    "role": "The member has the new role.",
    "withdrawn": "The invitation holds no longer.",
    "revoked": "It holds no longer.",
    "ended": "Signed out there.",
    "password": "The password is changed. All other sessions have ended.",
    "passkey": "The passkey is registered: you can sign in with it.",
    "linked": "The account is linked: you can sign in with it.",
    "switched-off": "Nothing more is told there.",
    "silence": "The silence is planned.",
    "silence-ended": "The silence has ended.",
    "key": "The new key is made. Tell its fingerprint to those who trusted the one before.",
    "planned": "The domains, and those that are added later, are scanned in this rhythm from now on.",
    "account-closed": "The account is closed. Its sessions, passkeys, memberships, tokens and share links hold no longer.",
    "client": "The organisation was founded. Turn to it to add its domains.",
}


def said(done: str) -> str:
    """The words, or none where somebody made the address up."""
    return SAID.get(done, "")
