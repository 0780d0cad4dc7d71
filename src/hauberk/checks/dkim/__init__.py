"""DKIM: are there keys, are they strong, can verifiers use them."""
