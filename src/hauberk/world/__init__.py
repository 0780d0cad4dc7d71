"""The world a scan looks at: the program's only sockets towards other people's servers, and the tape that stands in for them.

A world answers asks and never raises for what the network does: silence is a `NoAnswer`.
"""
