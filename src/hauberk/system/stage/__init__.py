"""The mail system on one machine: five network namespaces with a firewall between, real daemons without systemd, a DNS tree of its own."""
