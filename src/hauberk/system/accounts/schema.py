"""The tables of the account directory and the views that the mail servers ask (`directory.py` says what each of them gives).

The servers see views only: what a state means is written once, here, and no configuration of a daemon can get it wrong.
"""

_TABLES = """
CREATE TABLE IF NOT EXISTS accounts (
    login TEXT PRIMARY KEY,
    name TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL CHECK (state IN ('active', 'suspended', 'deactivated')),
    password TEXT CHECK (password LIKE '{ARGON2ID}$argon2id$%'),
    since TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS aliases (
    address TEXT NOT NULL,
    target TEXT NOT NULL,
    PRIMARY KEY (address, target)
);
CREATE TABLE IF NOT EXISTS app_passwords (
    digest TEXT PRIMARY KEY CHECK (length(digest) = 64),
    login TEXT NOT NULL REFERENCES accounts (login),
    label TEXT NOT NULL,
    made TEXT NOT NULL,
    UNIQUE (login, label)
);
CREATE TABLE IF NOT EXISTS grants (
    address TEXT NOT NULL,
    login TEXT NOT NULL REFERENCES accounts (login),
    PRIMARY KEY (address, login)
);
CREATE TABLE IF NOT EXISTS happenings (
    at TEXT NOT NULL,
    login TEXT NOT NULL,
    what TEXT NOT NULL
);
"""

# An alias whose target is an account that no longer receives is no address any more; a target without an account lies outside.
_VIEWS = {
    "mail_mailboxes": "SELECT login FROM accounts WHERE state IN ('active', 'suspended')",
    "mail_passwords": "SELECT login, password FROM accounts WHERE state = 'active' AND password IS NOT NULL",
    "mail_app_passwords": (
        "SELECT app_passwords.login, app_passwords.digest FROM app_passwords"
        " JOIN accounts ON accounts.login = app_passwords.login WHERE accounts.state = 'active'"
    ),
    "mail_aliases": (
        "SELECT aliases.address, aliases.target FROM aliases LEFT JOIN accounts ON accounts.login = aliases.target"
        " WHERE (accounts.state IS NULL OR accounts.state <> 'deactivated')"
        " AND NOT EXISTS (SELECT 1 FROM accounts AS own WHERE own.login = aliases.address)"
    ),
    "mail_recipients": "SELECT login AS address FROM mail_mailboxes UNION SELECT address FROM mail_aliases",
    "mail_senders": (
        "SELECT login AS address, login FROM accounts WHERE state = 'active'"
        " UNION SELECT aliases.address, aliases.target FROM aliases JOIN accounts ON accounts.login = aliases.target"
        " WHERE accounts.state = 'active'"
        " UNION SELECT grants.address, grants.login FROM grants JOIN accounts ON accounts.login = grants.login"
        " WHERE accounts.state = 'active'"
    ),
}

# What the MTA holds: the pushed copy, always SQLite.
COPY = (
    "CREATE TABLE IF NOT EXISTS mail_recipients (address TEXT PRIMARY KEY)",
    "CREATE TABLE IF NOT EXISTS mail_aliases (address TEXT NOT NULL, target TEXT NOT NULL, PRIMARY KEY (address, target))",
)


def statements(*, sqlite: bool) -> tuple[str, ...]:
    """What makes the tables and views, in order; safe to run again."""
    create = "CREATE VIEW IF NOT EXISTS" if sqlite else "CREATE OR REPLACE VIEW"
    tables = tuple(one.strip() for one in _TABLES.split(";") if one.strip())
    return (*tables, *(f"{create} {name} AS {query}" for name, query in _VIEWS.items()))
