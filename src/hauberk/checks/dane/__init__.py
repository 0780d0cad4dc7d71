"""DANE: TLSA records of the mail servers and the signatures that they live by."""
