"""The words everything else is said in: questions and recorded answers, findings, verdicts, scores.

Frozen dataclasses from the standard library and nothing else: no parsing, no I/O, no clock.
"""
