"""Who may write as whom. Postfix checks the envelope (`reject_sender_login_mismatch`); people see the header, so it is checked here."""

from typing import Final

from hauberk.system.gateway.addresses import Mailbox, NotAddresses, addresses_shown, mailboxes
from hauberk.system.gateway.directory import Directory, owns
from hauberk.system.gateway.message import Message, Refuse

_FIELDS: Final = ("From", "Sender", "Resent-From", "Resent-Sender")
_RULE: Final = "ownership"


async def check(message: Message, directory: Directory) -> Refuse | None:
    """Why the message must not go out under its names, or None. Every mailbox of every field of authorship has to be the login's."""
    if not message.login:
        return Refuse("nobody signed in for this message", _RULE, 530, "5.7.0")
    if message.sender and not await owns(directory, message.login, message.sender):
        return Refuse(f"{message.login} may not send as {message.sender}", _RULE)
    for name in _FIELDS:
        refusal = await _check_field(message, name, directory)
        if refusal is not None:
            return refusal
    return None


async def _check_field(message: Message, name: str, directory: Directory) -> Refuse | None:
    values = message.values(name)
    if name == "From" and not values:
        return Refuse("the message has no From field (RFC 5322, 3.6)", _RULE)
    if len(values) > 1 and not name.startswith("Resent-"):
        return Refuse(f"the message has {len(values)} {name} fields, one is allowed (RFC 5322, 3.6)", _RULE)
    for value in values:
        try:
            found = mailboxes(value)
        except NotAddresses as error:
            return Refuse(f"the {name} field cannot be read: {error}", _RULE)
        for mailbox in found:
            refusal = await _check_mailbox(message.login, name, mailbox, directory)
            if refusal is not None:
                return refusal
    return None


async def _check_mailbox(login: str, field: str, mailbox: Mailbox, directory: Directory) -> Refuse | None:
    if not await owns(directory, login, mailbox.address):
        return Refuse(f"{login} may not write as {mailbox.address} ({field} field)", _RULE)
    for shown in addresses_shown(mailbox.name):
        if shown != mailbox.address.lower() and not await owns(directory, login, shown):
            return Refuse(f"the name in the {field} field shows {shown}, which is not {login}'s", _RULE)
    return None
