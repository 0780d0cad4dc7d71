"""Checks of the policy that makes senders insist on encryption."""
