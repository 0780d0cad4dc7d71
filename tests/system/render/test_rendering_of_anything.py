"""Whatever a declaration that is accepted says, all hosts can be rendered from it, and no value becomes more than a value."""

import dataclasses
from ipaddress import IPv4Address, IPv6Address, ip_network

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hauberk.system.declaration import Attachments, Confidentiality, Declaration, Engine, Host, Networks, Policy, Role
from hauberk.system.declaration_reading import read
from hauberk.system.declaration_writing import write
from hauberk.system.gateway import config_file
from hauberk.system.places import Places
from hauberk.system.render.gateway import config
from hauberk.system.render.host import render
from hauberk.system.render.zone import zone
from system.render import rendered

# What a careless or a wicked author of a declaration might write.
_WORDS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ['a"b', "a\nsmtpd_relay_restrictions = permit", "${stress?{10}:{120}}", "}; accept", "a\\", "%s", "{x}", "'; DROP TABLE", "[a]"]
    ),
)
_V4 = st.integers(0, 2**32 - 1).map(IPv4Address)
_V6 = st.integers(0, 2**128 - 1).map(IPv6Address)


def _mostly(good: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Now and then something else, so that most declarations are accepted."""
    return st.integers(0, 9).flatmap(lambda one: _WORDS if one == 0 else good)


@st.composite
def declarations(draw: st.DrawFn) -> Declaration:
    sound = rendered.small()
    addresses = tuple(draw(st.lists(st.one_of(_V4, _V6), min_size=1, max_size=3, unique=True)))
    around = tuple(ip_network(f"{one}/{one.max_prefixlen}") for one in addresses)
    chosen = draw(st.sampled_from([sound.mta, Host(draw(st.sampled_from(["mx1.corp.test", "mail-1.corp.test"])), addresses)]))
    return dataclasses.replace(
        sound,
        organisation=draw(st.one_of(st.just("Corp"), _WORDS)),
        mta=chosen,
        networks=sound.networks if chosen is sound.mta else Networks(around, sound.networks.inside, sound.networks.workstation),
        workstation_products=tuple(Engine(one, "x") for one in draw(st.lists(_WORDS, max_size=2))),
        policy=Policy(
            help_address=draw(_mostly(st.sampled_from(["", "a@b.test"]))),
            forwarding=draw(st.booleans()),
            attachments=Attachments(refused=draw(st.one_of(st.none(), st.tuples(_mostly(st.just("exe")))))),
        ),
        confidentiality=Confidentiality(
            subject_tags=tuple(draw(st.lists(_mostly(st.just("[private]")), max_size=2))), fields=(draw(_mostly(st.just("X-Private"))),)
        ),
        certificates=dataclasses.replace(sound.certificates, authorities=draw(_mostly(st.just("/etc/ca.pem")))),
    )  # fmt: skip


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(declarations())
def test_what_is_accepted_can_be_rendered(declared: Declaration) -> None:
    if not isinstance(read(write(declared)), Declaration):
        return
    material = rendered.material()
    for role in Role:
        tree = render(declared, material, role, Places.under("/scratch"))
        for one in tree.files:
            text = one.content.decode()
            assert "smtpd_relay_restrictions = permit\n" not in text
            assert "DROP TABLE" not in text or one.path.endswith("gateway.toml")
        if role is not Role.FIREWALL:
            told = config(declared, role, Places.under("/scratch"))
            assert config_file.read(tree["/scratch/hauberk/gateway.toml"].content.decode()) == told
    assert {line.split(" ", 1)[0] for line in _lines(declared, Role.MTA)} <= {
        line.split(" ", 1)[0] for line in _lines(rendered.small(), Role.MTA)
    } | _OTHERS
    assert zone(declared, material)


_OTHERS = {"sender_canonical_maps", "sender_canonical_classes", "recipient_canonical_maps", "recipient_canonical_classes"}


def _lines(declared: Declaration, role: Role) -> tuple[str, ...]:
    text = render(declared, rendered.material(), role, Places.under("/scratch"))["/scratch/postfix/main.cf"].content.decode()
    return tuple(line for line in text.splitlines() if line and not line.startswith("#"))
