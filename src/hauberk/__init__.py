"""Hauberk: mail armour. Looks at a domain's mail the way the internet does, judges, scores and proves what it found."""

__version__ = "0.1.0"
