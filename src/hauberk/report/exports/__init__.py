"""Assessments in the formats of other programs: SARIF, JUnit, Prometheus, OSCAL, and the evidence pack. Pure functions.

All text that comes from strangers (subjects, messages, evidence, company names) goes through `visible` before it is written.
"""
