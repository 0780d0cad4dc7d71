"""Our own DNS client: messages (`wire`), ways to carry them (`udp`, `stream`, `doh`) and the client that scans use (`client`)."""
