"""Signatures on reports and their verification: PAdES in the PDF, a signed statement (DSSE, in-toto) beside all else, a code in pictures.

Signing a PDF needs pyHanko (the extra `signatures`); verifying needs nothing beyond the standard install, and no network.
"""
