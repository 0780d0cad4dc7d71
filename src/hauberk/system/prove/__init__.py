"""Probes that prove the ten measures, each from the place where an attacker or a user would stand."""
