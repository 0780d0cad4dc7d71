"""The account directory: who has a mailbox, in which state, by which names; what Postfix, Dovecot and the gateway read."""
