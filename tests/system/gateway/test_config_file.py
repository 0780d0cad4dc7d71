"""gateway.toml: what is rendered is what is read, and what is wrong is named."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    UnixSocket,
    WithoutKey,
)
from hauberk.system.gateway.config_file import BadConfig, read, render

HEAD = 'side = "inbound"\nlisten = "127.0.0.1:11400"\norganisation = "Corp"\ndomains = ["corp.test"]\n'
WORDS = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
SENDERS = SenderDirectory(DirectoryKind.SQLITE, "/a", "SELECT login FROM s WHERE address = ?")


def test_the_smallest_configuration_has_the_defaults() -> None:
    assert read(HEAD) == GatewayConfig(Side.INBOUND, Tcp("127.0.0.1", 11400), "Corp", ("corp.test",))


@given(
    st.builds(
        GatewayConfig,
        side=st.just(Side.SUBMISSION),
        listen=st.one_of(st.just(Tcp("::1", 0)), st.just(Tcp("192.0.2.1", 65535)), st.just(UnixSocket("/run/g.sock", 0o600))),
        organisation=WORDS,
        domains=st.just(("corp.test", "other.test")),
        senders=st.just(SENDERS),
        limits=st.builds(Limits, recipients=st.integers(1, 10**6), idle_seconds=st.floats(0.1, 1e6)),
        engine=st.builds(Engine, rules=WORDS, on_match=st.sampled_from(Action)),
        attachments=st.builds(Attachments, refused_suffixes=st.lists(st.sampled_from(("exe", "js")), max_size=3).map(tuple)),
        confidentiality=st.builds(
            Confidentiality, subject_tags=st.lists(WORDS, max_size=3).map(tuple), without_key=st.sampled_from(WithoutKey)
        ),
        keys=st.just(Keys("/k", True)),
        escrow=st.sampled_from((Escrow(), Escrow("The keeper", "/k.asc", "/e"))),
        help_address=WORDS,
        log_file=WORDS,
    )
)
def test_what_is_rendered_is_read_as_the_same(config: GatewayConfig) -> None:
    assert read(render(config)) == config


@pytest.mark.parametrize(
    ("text", "flaw"),
    (
        ("side", "not TOML"),
        (HEAD + "x = 1", "x: no such setting; there are side, listen"),
        (HEAD + "[engine]\nmacro = 'reject'", "[engine] macro: no such setting; there are name, rules"),
        (HEAD + "[engine]\nmacros = 'perhaps'", "[engine] Invalid enum value 'perhaps'"),
        (HEAD + "limits = 3", "[limits] Expected `object`"),
        (HEAD + "[limits]\nrecipients = 0", "recipients: 0 is no number above nothing"),
        (HEAD + "[limits]\ninspection_seconds = nan", "inspection_seconds: nan is no number above nothing"),
        (HEAD + "[limits]\nidle_seconds = inf", "idle_seconds: inf is no number above nothing"),
        ("x = " + "[" * 5000, "not TOML"),
        ("x = 1" + "0" * 5000, "not TOML"),
        (HEAD + "[limits]\nheld_octets = 10", "less than message_octets"),
        (HEAD + "[attachments]\nrefused_suffixes = ['.exe']", "without a dot"),
        (HEAD + "[confidentiality]\nenabled = true", "not in the DMZ"),
        (HEAD + "[escrow]\nkeeper = 'x'\ncertificate = 'y'\nfolder = 'z'", "nothing of escrow belongs into the DMZ"),
        (HEAD.replace("inbound", "submission"), "who may write as whom"),
        (HEAD.replace("inbound", "sideways"), "Invalid enum value 'sideways'"),
        (HEAD.replace('["corp.test"]', "[]"), "domains: at least one"),
        (HEAD.replace("127.0.0.1:11400", "localhost"), 'neither "ADDRESS:PORT"'),
        (HEAD.replace("127.0.0.1:11400", "127.0.0.1:70000"), 'neither "ADDRESS:PORT"'),
        (HEAD.replace("127.0.0.1:11400", "127.0.0.999:1"), "127.0.0.999"),
        (HEAD.replace('listen = "127.0.0.1:11400"\n', ""), "listen: a text is wanted"),
        (HEAD.replace('organisation = "Corp"\n', ""), "organisation"),
        (HEAD + "[senders]\nkind = 'sqlite'\nwhere = '/a'", "sqlite and postgresql want one"),
        (HEAD + "[senders]\nkind = 'file'\nwhere = '/a'\nquery = 'x'", "a file has none"),
        (HEAD + "[escrow]\nkeeper = 'x'", "keeper, certificate and folder go together"),
    ),
)
def test_what_is_wrong_is_named(text: str, flaw: str) -> None:
    with pytest.raises(BadConfig) as error:
        read(text, "the file")
    assert flaw in str(error.value) and str(error.value).startswith("the file: ") and "\n" not in str(error.value)


def test_encryption_wants_keys() -> None:
    config = GatewayConfig(Side.SUBMISSION, Tcp("127.0.0.1", 1), "Corp", ("corp.test",), SENDERS, confidentiality=Confidentiality(True))
    with pytest.raises(BadConfig, match="folder of public keys"):
        read(render(config))
    assert read(render(dataclasses.replace(config, keys=Keys("/k")))).keys.store == "/k"
