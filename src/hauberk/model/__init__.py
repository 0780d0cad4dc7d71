"""The words everything else is said in: questions and recorded answers, findings, verdicts, scores.

Frozen values, and the one JSON of an assessment (`json`): no parsing of what the network said, no I/O, no clock. Values that a scan makes
by the hundred are msgspec's structs, made ten times as fast as dataclasses, and hashed and compared without running Python code.
"""
