"""A small internet on loopback: signed and unsigned zones, good and bad mail servers. For the demo and the tests."""
