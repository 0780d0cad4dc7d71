"""All probes for these targets, by measure."""

from hauberk.system.prove import accounts, authentication, encryption, engines, flows, relay, smuggling, virus
from hauberk.system.prove.experiment import Experiment
from hauberk.system.prove.probe import Vantage
from hauberk.system.prove.targets import Targets

GROUPS = (virus, engines, relay, smuggling, flows, accounts, encryption, authentication)


def all_experiments(targets: Targets) -> tuple[Experiment, ...]:
    return tuple(experiment for group in GROUPS for experiment in group.experiments(targets))


def experiments_at(targets: Targets, vantage: Vantage, only: tuple[str, ...] = ()) -> tuple[Experiment, ...]:
    """Those of one vantage; `only` are ids or beginnings of ids that end with a dot."""
    return tuple(one for one in all_experiments(targets) if one.probe.vantage is vantage and (not only or _chosen(one.probe.id, only)))


def _chosen(probe: str, only: tuple[str, ...]) -> bool:
    return any(probe == name or (name.endswith(".") and probe.startswith(name)) for name in only)
