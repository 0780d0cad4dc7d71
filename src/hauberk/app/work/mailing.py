"""Handing a mail to the relay: TLS verified, no password in clear, time limits, and errors in words."""

import smtplib
import ssl
from email.message import EmailMessage

from hauberk.app.work.work_settings import Relay, Security
from hauberk.protocols.malformed import visible


class NotDeliveredError(Exception):
    """It did not arrive; the message says why, for people. `final` ones will not arrive later either."""

    def __init__(self, reason: str, *, final: bool = False) -> None:
        super().__init__(reason)
        self.final = final


def send(letter: EmailMessage, relay: Relay) -> None:
    """Blocking: call it in a thread. Raises `NotDeliveredError`."""
    try:
        with _connected(relay) as smtp:
            if relay.user:
                smtp.login(relay.user, relay.password)
            smtp.send_message(letter)
    except smtplib.SMTPRecipientsRefused as error:
        code, said = next(iter(error.recipients.values()))
        raise NotDeliveredError(f"the relay refuses the address: {code} {_text(said)}", final=code >= 550) from None
    except smtplib.SMTPResponseException as error:
        raise NotDeliveredError(f"the relay {relay.host} answered {error.smtp_code} {_text(error.smtp_error)}") from None
    except smtplib.SMTPNotSupportedError as error:
        raise NotDeliveredError(f"the relay {relay.host} cannot do it: {error}") from None
    except ssl.SSLError as error:
        reason = getattr(error, "verify_message", "") or error.reason or "TLS failed"
        raise NotDeliveredError(f"no safe connection to the relay {relay.host}: {reason}") from None
    except smtplib.SMTPException as error:
        raise NotDeliveredError(f"the relay {relay.host} does not speak as it should: {visible(str(error))[:200]}") from None
    except OSError as error:
        raise NotDeliveredError(f"the relay {relay.host} cannot be reached: {error.strerror or error}") from None


def _connected(relay: Relay) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if relay.ca_file is not None:
        context.load_verify_locations(relay.ca_file)
    if relay.security is Security.TLS:
        return smtplib.SMTP_SSL(relay.host, relay.port, timeout=relay.time_out, context=context)
    if relay.user and relay.security is Security.NONE:
        raise NotDeliveredError("the relay wants a password, which is not sent without TLS")
    smtp = smtplib.SMTP(relay.host, relay.port, timeout=relay.time_out)
    try:
        if relay.security is Security.STARTTLS:
            smtp.starttls(context=context)
    except BaseException:
        smtp.close()
        raise
    return smtp


def _text(said: bytes | str) -> str:
    return visible(said.decode("utf-8", "replace") if isinstance(said, bytes) else said)[:200]
