"""Evidence handed over to compliance platforms. Wants httpx (the `server` extra), so this room is imported only when it is used."""
