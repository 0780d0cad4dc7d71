"""Whether the way to the mail servers can be taken over."""
