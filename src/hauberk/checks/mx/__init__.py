"""Where mail is delivered: MX hosts, their names and addresses, and whether they answer."""
