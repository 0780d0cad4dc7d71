"""`gateway.toml`: inside, everything the gateway can do; in the DMZ, the second engine and the attachment policy only."""

import dataclasses

from hauberk.system import declaration as declared
from hauberk.system import ports
from hauberk.system.declaration import Declaration, Role, SourceKind
from hauberk.system.directory import GATEWAY_SENDER
from hauberk.system.gateway import config_file
from hauberk.system.gateway.config import (
    Action,
    Attachments,
    Confidentiality,
    DirectoryKind,
    Engine,
    Escrow,
    GatewayConfig,
    Keys,
    Limits,
    SenderDirectory,
    Side,
    Tcp,
    WithoutKey,
)
from hauberk.system.places import Places
from hauberk.system.render import postfix
from hauberk.system.tree import Component, Folder, RenderedFile


def files(declaration: Declaration, role: Role, places: Places) -> tuple[RenderedFile, ...]:
    """gateway.toml; on the MDA it names the directory, so only the gateway's group reads it."""
    text = config_file.render(config(declaration, role, places))
    return (RenderedFile(places.gateway, text.encode(), Component.GATEWAY, 0o640, "root:hauberk" if places.installed else "root:root"),)


def folders(role: Role, places: Places) -> tuple[Folder, ...]:
    keys = (Folder(places.content_keys, 0o750, "root:hauberk" if places.installed else "root:root"),) if role is Role.MDA else ()
    run = Folder(places.hauberk_run) if places.installed else Folder(places.hauberk_run, 0o777)
    return (Folder(places.hauberk), Folder(places.hauberk_data), run, Folder(places.log), *keys)


def config(declaration: Declaration, role: Role, places: Places) -> GatewayConfig:
    """What the gateway of a host is told."""
    inside = role is Role.MDA
    policy = declaration.policy
    most = policy.message_octets
    host = declaration.mda if inside else declaration.mta
    return GatewayConfig(
        side=Side.SUBMISSION if inside else Side.INBOUND,
        listen=Tcp("127.0.0.1", ports.GATEWAY),
        organisation=declaration.organisation,
        domains=declaration.domains,
        senders=_senders(declaration, places) if inside else None,
        # Postfix's processes each hold a connection: one that is turned away would be a message put off.
        limits=Limits(most + 1_000_000, max(200_000_000, most * 4), connections=postfix.PROCESSES * len(host.addresses) + 20),
        engine=Engine(name=declaration.engines.second.family, rules=declaration.engines.rules),
        attachments=_attachments(policy.attachments),
        confidentiality=_confidentiality(declaration.confidentiality) if inside else Confidentiality(),
        keys=_keys(declaration, places) if inside else Keys(),
        escrow=_escrow(declaration.confidentiality, places) if inside else Escrow(),
        help_address=policy.help_address or declaration.postmaster,
        ready_file=f"{places.hauberk_run}/gateway.ready",
        log_file="" if places.installed else f"{places.log}/gateway.log",
    )


def _senders(declaration: Declaration, places: Places) -> SenderDirectory:
    source = declaration.accounts
    if source.kind is SourceKind.POSTGRESQL:
        return SenderDirectory(DirectoryKind.POSTGRESQL, source.where, f"{GATEWAY_SENDER}$1", source.password_file)
    return SenderDirectory(DirectoryKind.SQLITE, source.where or places.accounts, f"{GATEWAY_SENDER}?")


def _attachments(policy: declared.Attachments) -> Attachments:
    own = Attachments(
        on_refused=Action(policy.on_refused.value),
        encrypted_archives=Action(policy.encrypted_archives.value),
    )
    return own if policy.refused is None else dataclasses.replace(own, refused_suffixes=policy.refused)


def _confidentiality(rule: declared.Confidentiality) -> Confidentiality:
    return Confidentiality(
        enabled=rule.enabled,
        sensitivities=rule.sensitivities,
        subject_tags=rule.subject_tags,
        fields=rule.fields,
        without_key=WithoutKey(rule.without_key.value),
    )


def _escrow(rule: declared.Confidentiality, places: Places) -> Escrow:
    return Escrow(rule.keeper, rule.keeper_certificate, f"{places.hauberk_data}/escrow") if rule.keeper else Escrow()


def _keys(declaration: Declaration, places: Places) -> Keys:
    rule = declaration.confidentiality
    return Keys(store=places.content_keys, wkd=rule.wkd, authorities=rule.authorities)
