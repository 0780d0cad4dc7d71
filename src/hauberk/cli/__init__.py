"""The command line: thin, data on stdout, progress on stderr."""
