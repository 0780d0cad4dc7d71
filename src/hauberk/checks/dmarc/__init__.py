"""DMARC: is there a policy, is it enforced, do the reports arrive."""
