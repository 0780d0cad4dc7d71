"""Where a tree goes."""

from dataclasses import dataclass

from hauberk.system.declaration import Role
from hauberk.system.places import Places
from hauberk.system.tree import Tree


@dataclass(frozen=True, slots=True)
class Site:
    """A host's tree and where it goes."""

    role: Role
    name: str
    reach: str
    places: Places
    tree: Tree
