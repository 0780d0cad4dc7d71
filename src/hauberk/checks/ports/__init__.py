"""The ports behind the mail servers' front door: submission and mailboxes."""
