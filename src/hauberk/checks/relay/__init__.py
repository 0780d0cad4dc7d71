"""Whether the mail servers pass on mail that is none of theirs."""
