"""OSCAL assessment results, read by the models that compliance-trestle generates from NIST's schema of OSCAL 1.1.2."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from benchmarks.peers import python_with  # noqa: E402 - the benchmarks are no installed package

from hauberk.model.verdict import Verdict  # noqa: E402
from hauberk.report.exports.oscal import assessment_results  # noqa: E402
from report.exports.shared import TAPE, with_findings  # noqa: E402
from report.samples import assessment, observation  # noqa: E402

READER = """
import sys
import trestle.oscal
from trestle.oscal.assessment_results import Model
assert trestle.oscal.OSCAL_VERSION == "1.1.2"
print(Model.parse_raw(sys.stdin.read()).assessment_results.uuid)
"""


def test_the_models_of_oscal_take_our_documents_and_no_others() -> None:
    try:
        python = python_with("compliance-trestle==3.4.0")
    except RuntimeError as error:
        pytest.skip(str(error))

    def read(document: str) -> int:
        return subprocess.run((str(python), "-c", READER), input=document, text=True, capture_output=True).returncode

    done = assessment(TAPE), assessment(observation(hosts=1, domain="example.org")), with_findings(("", " x ", "a\nb"), Verdict.WARN)
    document = assessment_results(done, "Exämple & Söns")
    assert read(document) == 0
    assert read(document.replace('"start"', '"begin"')) != 0
