"""Certificates of the mail servers: trust, dates, strength."""
