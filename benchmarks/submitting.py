"""People who submit mail, several at a time: run in the workstations' zone by mail_chain.py.

python -m benchmarks.submitting HOST ANCHORS LOGIN PASSWORD RECIPIENT COUNT SESSIONS
"""

import random
import smtplib
import ssl
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid


@dataclass(frozen=True, slots=True)
class Account:
    host: str
    anchors: str
    login: str
    password: str


def main() -> None:
    host, anchors, login, password, recipient, count, sessions = sys.argv[1:]
    account = Account(host, anchors, login, password)
    started = time.perf_counter()
    with ThreadPoolExecutor(int(sessions)) as people:
        submitted = [people.submit(_submit, account, recipient, int(count) // int(sessions), number) for number in range(int(sessions))]
    for one in submitted:
        one.result()  # what was not accepted is no message that could arrive
    print(time.perf_counter() - started)


def _submit(account: Account, recipient: str, count: int, seed: int) -> None:
    chance = random.Random(seed)
    context = ssl.create_default_context(cafile=account.anchors)
    with smtplib.SMTP_SSL(account.host, 465, "workstation.corp.test", timeout=60, context=context) as session:
        session.ehlo()
        session.user, session.password = account.login, account.password
        session.auth("PLAIN", session.auth_plain)
        for _ in range(count):
            session.send_message(_letter(account.login, recipient, chance))


def _letter(sender: str, recipient: str, chance: random.Random) -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, recipient, "The report"
    made["Date"], made["Message-ID"] = formatdate(), make_msgid(domain="corp.test")
    made.set_content("Good morning,\n\nplease see the report.\n\nAlice\n" * 5)
    made.add_attachment(b"%PDF-1.7\n" + chance.randbytes(15_000), "application", "pdf", filename="report.pdf")
    return made


if __name__ == "__main__":
    main()
