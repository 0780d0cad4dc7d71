"""Somebody who gets an account: the form that asks for a name, an address and a password, and what is wrong with it."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from hauberk.app.work.channel_setup import mail_address
from hauberk.store import users
from hauberk.store.errors import StoreError
from hauberk.store.session import SystemSession
from hauberk.store.users import User
from hauberk.web.sign_in import passwords


@dataclass(frozen=True, slots=True)
class Newcomer:
    """As typed; `password` never goes back into a page."""

    name: str
    email: str
    password: str = field(repr=False)

    def objections(self) -> dict[str, str]:
        """What is wrong, by the name of the field."""
        wrong: dict[str, str] = {}
        if len(self.name.strip()) > 120 or not self.name.isprintable():
            wrong["name"] = "A name has at most 120 characters, all of which print."
        if objection := address_objection(self.email):
            wrong["email"] = objection
        if objection := passwords.objection(self.password, self.name, self.email, self.email.partition("@")[0]):
            wrong["password"] = objection
        return wrong


def address_objection(email: str) -> str:
    """Why this is no address to write to; empty when it is one."""
    try:
        address = mail_address(email)
    except StoreError as error:
        said = str(error)
        return f"{said[:1].upper()}{said[1:]}."
    return "This address is too long." if len(address) > 254 else ""


async def register(session: SystemSession, newcomer: Newcomer, password_hash: str, at: datetime) -> User:
    """The account; a closed one is opened again, as if it were new. Raises `StoreError` (conflict) when the address has an open one."""
    address, name = mail_address(newcomer.email), newcomer.name.strip()
    there = await users.by_email(session, address)
    if there is None or there.disabled_at is None:
        return await users.add(session, address, name, at, password_hash=password_hash)
    await users.open_again(session, there.id, name, password_hash)
    return replace(there, name=name, password_hash=password_hash, disabled_at=None, disabled_by=None)
