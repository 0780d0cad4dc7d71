"""TLS without cryptography: hellos, what servers answer, and what that tells of them (RFC 8446, 5246, 6101 and kin)."""
