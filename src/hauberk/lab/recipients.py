"""What the lab's mail servers say to RCPT. Their one mailbox is postmaster; the host name without its first label is their domain."""

from hauberk.lab.mailspec import Behaviour, MailServerSpec

_TAKEN = "250 2.1.5 Ok"
_MOST_ERRORS = 3


def reply_to_recipient(spec: MailServerSpec, command: str, errors: int) -> str:
    """The reply to `RCPT TO:<...>`; `errors` were made before. After 421 the server hangs up."""
    if spec.behaviour is Behaviour.GREYLISTS:
        return "450 4.2.0 Greylisted, try again in 300 seconds"
    path = command.partition("<")[2].rpartition(">")[0]
    mailbox, _, domain = path.rpartition("@")
    far = path.startswith("@") or domain != spec.host.partition(".")[2]
    if mailbox == "postmaster" and not far:
        return _TAKEN
    if (far and spec.behaviour is Behaviour.OPEN_RELAY) or ("%" in mailbox and spec.behaviour is Behaviour.FOLLOWS_PERCENT):
        return _TAKEN
    if spec.behaviour is Behaviour.COUNTS_ERRORS and errors >= _MOST_ERRORS:
        return "421 4.7.0 Error: too many errors"
    return "554 5.7.1 Relay access denied" if far else "550 5.1.1 User unknown"
