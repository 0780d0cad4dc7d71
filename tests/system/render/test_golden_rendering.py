"""What is rendered is what was reviewed, file by file; `python tests/system/render/rendered.py` writes the golden files anew."""

import dataclasses

import pytest

from hauberk.system.declaration import Role
from hauberk.system.places import Places
from hauberk.system.render.host import render
from hauberk.system.tree import Component
from system.render import rendered

TEXTS = rendered.texts()


@pytest.mark.parametrize("path", TEXTS)
def test_a_file_is_as_reviewed(path: str) -> None:
    assert TEXTS[path] == (rendered.GOLDEN / path).read_bytes().decode()


def test_no_file_is_left_over() -> None:
    kept = {str(path.relative_to(rendered.GOLDEN)) for path in rendered.GOLDEN.rglob("*") if path.is_file()}
    assert kept == set(TEXTS)


def test_rendering_is_a_function_of_its_arguments() -> None:
    assert rendered.texts() == TEXTS


@pytest.mark.parametrize("declared", [rendered.small(), rendered.large()])
def test_each_secret_is_only_where_it_is_needed(declared: rendered.Declaration) -> None:
    material = dataclasses.replace(
        rendered.material(),
        mta_link=rendered.KeyPair(rendered.CERTIFICATE, b"MTA LINK KEY"),
        mda_link=rendered.KeyPair(rendered.CERTIFICATE, b"MDA LINK KEY"),
        directory_password="DIRECTORY PASSWORD",
    )
    trees = {role: render(declared, material, role, Places()) for role in Role}
    for secret, role in (
        (b"MTA LINK KEY", Role.MTA),
        (b"MDA LINK KEY", Role.MDA),
        (b"the private half", Role.MTA),
        (b"DIRECTORY PASSWORD", Role.MDA),
        (b"a secret of SRS", Role.MTA),
    ):
        holders = {(held, one.path) for held, tree in trees.items() for one in tree.files if secret in one.content}
        assert {held for held, _ in holders} <= {role}
        assert all(trees[held][path].secret and trees[held][path].mode & 0o007 == 0 for held, path in holders)


def test_a_secret_is_never_shown() -> None:
    tree = render(rendered.large(), rendered.material(), Role.MTA, Places())
    assert "private half" not in repr(tree)
    assert "a pass" not in repr(rendered.material())


def test_the_key_that_signs_is_the_newest_whose_day_has_come() -> None:
    tree = render(rendered.small(), rendered.material(), Role.MTA, Places.under("/scratch"))
    keys = [one.path for one in tree.of(Component.RSPAMD) if one.path.endswith(".key")]
    assert keys == ["/scratch/hauberk/dkim/corp.example/h20261101.key", "/scratch/hauberk/dkim/corp.test/h20261101.key"]


def test_two_files_never_share_a_path() -> None:
    tree = render(rendered.small(), rendered.material(), Role.MTA, Places())
    with pytest.raises(ValueError, match="two files"):
        rendered_tree(tree)


def rendered_tree(tree: rendered.Tree) -> rendered.Tree:
    from hauberk.system.tree import tree as made

    return made((*tree.files, tree.files[0]))
