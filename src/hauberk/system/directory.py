"""The questions that the daemons ask the account directory, and so the views that it has, on SQLite and on PostgreSQL alike.

On the MDA (addresses and logins in lower case; a login is the main address of an account):

    mail_recipients   address                every address that receives mail: of accounts and aliases, active and suspended
    mail_aliases      address, target        an alias and where it leads, one row a target; targets may be outside if the policy says so
    mail_mailboxes    login                  accounts that have a mailbox: active and suspended
    mail_passwords    login, password        active accounts only; `{ARGON2ID}$argon2id$...`
    mail_app_passwords login, digest         active accounts only; SHA-256 of the app password (128 random bits or more), hexadecimal
    mail_senders      address, login         who may send as whom; active accounts only

On the MTA the pushed copy, always SQLite, replaced as a whole: tables `mail_recipients` and `mail_aliases`, the same columns.
"""

RECIPIENT = "SELECT address FROM mail_recipients WHERE address = '%s'"
ALIAS = "SELECT target FROM mail_aliases WHERE address = '%s'"
SENDER = "SELECT login FROM mail_senders WHERE address = '%s'"
GATEWAY_SENDER = "SELECT login FROM mail_senders WHERE address = "
PASSWORD = "SELECT login AS user, password FROM mail_passwords WHERE login = '%Lu'"
APP_PASSWORD = (
    "SELECT login AS user, NULL AS password, 'Y' AS nopassword FROM mail_app_passwords"
    " WHERE login = '%Lu' AND digest = '%{sha256:password}'"
)
MAILBOX = "SELECT login AS user FROM mail_mailboxes WHERE login = '%Lu'"
MAILBOXES = "SELECT login AS user FROM mail_mailboxes"
