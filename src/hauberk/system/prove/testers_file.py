"""`prove.toml`: the test accounts and the sink that probing on real hosts needs. It holds passwords: keep it from others' eyes.

alias = "sales@example.com"
workstations = ["192.0.2.77"]        # addresses that stand for the zone when flows are tried

[mailbox]                            # an active test account; what is accepted is looked for here
address = "probe@example.com"
password = "..."
[colleague]                          # another active account, whose name is borrowed
address = "probe2@example.com"
[suspended]                          # a suspended account; its password is known
address, password
[leaver]                             # a deactivated account
address, password, alias
[mover]                              # an active account that will be deactivated while it is logged in
address, password
[outside]                            # a foothold outside that is ours
address = "sink@probe.example.net"   # where relayed mail would arrive
stranger = "probe@probe.example.net" # who writes; the domain has neither SPF nor DMARC
helo = "host.probe.example.net"
impersonated = "x@strict.example.net"# a domain of ours that publishes p=reject
[sink]                               # the mailbox of `outside.address`, over IMAP with TLS
host = "imap.example.net"
user, password, port = 993
"""

import tomllib
from dataclasses import dataclass

import msgspec

from hauberk.system.declaration import Declaration
from hauberk.system.places import Places
from hauberk.system.prove.declared import Testers
from hauberk.system.prove.targets import Account, Canaries, Files, Outside, Service


class BadTestersError(ValueError):
    """What is wrong with the file, with the key it is about."""


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class _Account(_Table, frozen=True, forbid_unknown_fields=True):
    address: str
    password: str = ""
    alias: str = ""


class _Outside(_Table, frozen=True, forbid_unknown_fields=True):
    address: str
    stranger: str
    helo: str
    impersonated: str = ""
    wrong_tlsa: str = ""
    sources: tuple[str, ...] = ()


class _Sink(_Table, frozen=True, forbid_unknown_fields=True):
    host: str
    user: str
    password: str
    port: int = 993
    anchors: str = ""


class _File(_Table, frozen=True, forbid_unknown_fields=True):
    mailbox: _Account
    colleague: _Account
    outside: _Outside
    sink: _Sink
    suspended: _Account | None = None
    leaver: _Account | None = None
    mover: _Account | None = None
    alias: str = ""
    keyed: str = ""
    keyed_secret: str = ""
    certified: str = ""
    certified_secret: str = ""
    unkeyed: str = ""
    first_canary: str = ""
    internet: tuple[str, ...] = ()
    workstations: tuple[str, ...] = ()
    anchors: str = ""


@dataclass(frozen=True, slots=True)
class Sink:
    """The mailbox outside, and who may read it; `anchors` is PEM, empty for the system's."""

    service: Service
    account: Account
    anchors: str = ""


SECOND_CANARY = "HAUBERK-" + "SECOND-ENGINE-TEST-FILE-9c1f4be27d50"  # the gateway's own rules know it


def read(text: str, declared: Declaration) -> tuple[Testers, Sink]:
    """Raises `BadTestersError`."""
    try:
        file = msgspec.convert(tomllib.loads(text), _File)
    except (ValueError, RecursionError) as error:  # msgspec's are ValueErrors; RecursionError: lists within lists without end
        raise BadTestersError(str(error)) from None
    for name, account in (("mailbox", file.mailbox), ("colleague", file.colleague)):
        if account.address.rpartition("@")[2] not in declared.domains:
            raise BadTestersError(f"{name}.address: {account.address} is in no domain of the declaration")
    if file.outside.address.rpartition("@")[2] in declared.domains:
        raise BadTestersError(f"outside.address: {file.outside.address} is inside; relaying is tried to an address outside that is yours")
    testers = Testers(
        mailbox=_account(file.mailbox),
        colleague=_account(file.colleague),
        outside=Outside(**{name: getattr(file.outside, name) for name in _Outside.__struct_fields__}),
        alias=file.alias,
        suspended=_account(file.suspended) if file.suspended else None,
        leaver=_account(file.leaver) if file.leaver else None,
        leaver_alias=file.leaver.alias if file.leaver else "",
        mover=_account(file.mover) if file.mover else None,
        keyed=file.keyed,
        keyed_secret=file.keyed_secret,
        certified=file.certified,
        certified_secret=file.certified_secret,
        unkeyed=file.unkeyed or file.outside.address,
        canaries=Canaries(file.first_canary, SECOND_CANARY),
        internet=file.internet,
        workstations=file.workstations,
        anchors=file.anchors,
        files=_files(declared),
    )
    service = Service(file.sink.host, (file.sink.host,), file.sink.port)
    return testers, Sink(service, Account(file.sink.user, file.sink.password), file.sink.anchors)


def _account(given: _Account) -> Account:
    return Account(given.address, given.password)


def _files(declared: Declaration) -> Files:
    """On the MTA, where the packages have them."""
    places = Places()
    tree = (places.postfix, places.rspamd, places.hauberk, places.hauberk_data, places.mail)
    return Files(places.clamav_database, declared.engines.updates_days, tree)
