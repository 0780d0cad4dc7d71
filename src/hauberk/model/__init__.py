"""The words everything else is said in: questions and recorded answers, findings, verdicts, scores.

Frozen values and nothing else: no parsing, no I/O, no clock. Those that a scan makes by the hundred are msgspec's structs, made ten times
as fast as dataclasses, and hashed and compared without running Python code.
"""
