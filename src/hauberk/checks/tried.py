"""What the trials of the operator's own hosts came to; shared by the checks that use them."""

from hauberk.checks.reading import Reading
from hauberk.model.dns import NoAnswer
from hauberk.model.transport import Endpoint, SmtpSession
from hauberk.protocols import trial
from hauberk.protocols.trial import TrialFacts
from hauberk.protocols.walk import NOT_ASKED


def trial_of(reading: Reading, endpoint: Endpoint) -> TrialFacts | NoAnswer:
    """What the trial of this endpoint says, or why there was none."""
    return reading.once(_trials).get(endpoint, NOT_ASKED)


def _trials(reading: Reading) -> dict[Endpoint, TrialFacts | NoAnswer]:
    found = reading.walked(trial.trials, reading.domain, reading.options)
    return {endpoint: trial.read_trial(reply) if isinstance(reply, SmtpSession) else reply for endpoint, reply in found}
