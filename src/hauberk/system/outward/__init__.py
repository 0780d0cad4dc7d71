"""MTA-STS for mail that leaves: Postfix asks this, domain by domain, how strict TLS has to be (RFC 8461). DANE it does by itself."""
