"""One file a check, by area: what it means, why it matters, how to mend it, where it is written, how it is judged.

Judging is pure: it reads a tape through a `Reading` and yields findings. Nothing registers itself; `catalogue` lists the files.
"""
