"""A small internet on loopback: signed and unsigned zones, good and bad mail servers. For the demo and the tests.

`internet.Lab` is the whole; `worlds/*.toml` hold its domains. `casebook` and `zonetext` are the smaller worlds of the checks' case tables.
"""
