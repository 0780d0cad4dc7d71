"""What the RFCs say: parse, render, walk. Pure: no I/O, no clock.

`parse` returns a typed record or `Malformed`; `render` is its inverse. A *walk* is a procedure that needs answers from the
world, written as a generator: it yields questions and is sent the answers. The survey drives walks with a live world, a
check replays the same walk from the tape; so whatever a check reads has been asked, by construction.
"""
