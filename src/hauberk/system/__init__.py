"""The secured mail system: one declaration becomes configuration, is applied, and is proved by live probes."""
