"""What the suites share: a server as a process, clients, signatures, tables. Knows no operation by name."""
