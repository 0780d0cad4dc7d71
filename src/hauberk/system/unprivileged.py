"""What a server of ours does once its port is open and its files are read: nothing that follows wants root."""

import os
import pwd


def become(user: str) -> None:
    """This process as that user, for good; nothing without a user or without root. Raises `KeyError` for an unknown one."""
    if not user or os.geteuid() != 0:
        return
    entry = pwd.getpwnam(user)
    os.initgroups(user, entry.pw_gid)
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
