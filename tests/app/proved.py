"""A small proof of the measures for tests of what is written of one."""

from datetime import UTC, datetime

from hauberk.system.prove.evidence import Proof
from hauberk.system.prove.probe import Line, Measure, Outcome, Probe, Speaker, State, Transcript, Vantage, transcript_id

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
TRANSCRIPT = Transcript("m4.relay.plain", NOW, (Line(0, Speaker.CLIENT, "RCPT TO:<x>"), Line(4, Speaker.SERVER, "554 no")))
PROBE = Probe("m4.relay.plain", Measure.M4, Vantage.INTERNET, "refused", "RFC 5321")
PROOF = Proof(
    *("Corp Ltd", "corp.test", NOW, "Hauberk 0", "0" * 64),
    (Outcome(PROBE, State.PASS, "554 no", NOW, transcript_id(TRANSCRIPT)),),
    (TRANSCRIPT,),
)
