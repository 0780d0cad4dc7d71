"""A PostgreSQL URL as the daemons write it: Postfix (pgsql_table(5)) and Dovecot (libpq keywords)."""

from urllib.parse import parse_qs, unquote, urlsplit

from hauberk.system.render.guard import plain


def _parts(url: str) -> tuple[str, int, str, str]:
    """Host (or folder of the socket), port, user, database. Raises `ValueError` for what is no PostgreSQL URL."""
    split = urlsplit(url)
    if split.scheme not in ("postgresql", "postgres"):
        raise ValueError(f"{url!r} does not begin with postgresql://")
    socket = parse_qs(split.query).get("host", [""])[0]
    return (
        socket or split.hostname or "localhost",
        split.port or 5432,
        unquote(split.username or "hauberk"),
        split.path.strip("/") or "mail",
    )


def postfix_table(url: str, password: str, query: str) -> str:
    host, port, user, database = _parts(url)
    where = f"unix:{host}" if host.startswith("/") else f"{host}:{port}"
    return f"hosts = {plain(where)}\nuser = {plain(user)}\npassword = {plain(password)}\ndbname = {plain(database)}\nquery = {query}\n"


def libpq(url: str, password: str) -> str:
    """Keywords and values (PostgreSQL manual, 34.1.1.1)."""
    host, port, user, database = _parts(url)
    pairs = (("host", host), ("port", str(port)), ("dbname", database), ("user", user), ("password", password))
    return " ".join(f"{name}={_value(value)}" for name, value in pairs if value)


def _value(value: str) -> str:
    return "'" + plain(value).replace("\\", "\\\\").replace("'", "\\'") + "'"
