"""Where the account directory is, as its own driver wants to be told."""

from pathlib import Path

from sqlalchemy import URL

from hauberk.store.url import parse
from hauberk.system.declaration import AccountSource, SourceKind
from hauberk.system.places import Places


def url_of(source: AccountSource, mda: Places) -> URL:
    """Raises `StoreError` for an address that is none, and `OSError` where the password cannot be read."""
    if source.kind is SourceKind.SQLITE:
        return parse(f"sqlite:///{source.where or mda.accounts}")
    url = parse(source.where)
    return url.set(password=Path(source.password_file).read_text().strip()) if source.password_file else url
