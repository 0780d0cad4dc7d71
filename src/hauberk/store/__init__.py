"""What is kept: tenants, domains, tapes, assessments, reports, people and work, on SQLite or PostgreSQL, with a chain of evidence.

Every function takes a session bound to one tenant (`Store.tenant`) or to the whole installation (`Store.system`); a session is one
transaction. Records come out as frozen dataclasses. The clock is an argument: whoever calls says what time it is.
"""
