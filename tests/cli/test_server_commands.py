"""`hauberk server` and `hauberk scan --server`: a server of its own process, set up and used without a browser."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from app.push.platforms import Answer, Asked, Platform
from cli.command import Hauberk, Outcome
from hauberk.cli.main import app


@dataclass(frozen=True)
class Served:
    """A server over the lab, and tokens of the organisation `example-ltd`."""

    folder: Path
    url: str
    token: Path
    reader: Path

    def scan(self, *arguments: str) -> Outcome:
        return typed("scan", *arguments, "--server", self.url, "--token-file", str(self.token))


def typed(*arguments: str, **environment: str) -> Outcome:
    """The command in this process, which has imported everything already."""
    done = CliRunner().invoke(app, arguments, env=environment, catch_exceptions=False)
    return Outcome(done.exit_code, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def served(network: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[Served]:
    folder = tmp_path_factory.mktemp("server")
    at = ("--database", f"sqlite:///{folder / 'hauberk.db'}")
    assert typed("server", "organisation", "Example Ltd", *at).out == "example-ltd\n"
    token, reader = folder / "token", folder / "reader"
    token.write_text(typed("server", "token", "--scope", "read scan,report", "--scope", "manage", *at).out)
    reader.write_text(typed("server", "token", "--scope", "read", *at).out)
    command = [sys.executable, "-m", "hauberk.cli.main", "serve", "--port", "0", "--network", str(network)]
    log = folder / "serve.log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=out)
    try:
        for _ in range(600):
            found = re.search(r"http://127\.0\.0\.1:\d+", log.read_text())
            if found and _answers(found[0]):
                break
            assert process.poll() is None, log.read_text()
            time.sleep(0.1)
        else:
            raise AssertionError(log.read_text())
        yield Served(folder, found[0], token, reader)
    finally:
        process.terminate()
        process.wait(30)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/api/v1/openapi.json").status_code == 200
    except httpx.HTTPError:
        return False


def test_a_server_scans_signs_and_hands_over_what_a_scan_here_would(served: Served, network: Path) -> None:
    """The one test with the command in a process of its own."""
    out = served.folder / "out"
    hauberk = Hauberk(served.folder)
    wanted = ("--format", "json", "--pdf", "--png", "--save-tape", "--out", out)
    remote = hauberk("scan", "bad.test", "--server", served.url, "--token-file", served.token, *wanted)
    assert remote.code == 1, remote.err
    result = json.loads(remote.out)
    files = sorted(path.name for path in out.iterdir())
    assert [name.partition(".")[2] for name in files] == ["pdf", "png", "png.sig", f"test_{result['observed_at'][:10]}.tape.json.gz"]
    assert typed("verify", str(out / files[0]), str(out / files[1])).code == 0
    assert json.loads(typed("judge", str(out / files[3]), "--format", "json").out) == result
    here = typed("scan", "bad.test", "--network", str(network), "--format", "json")
    assert [one["verdict"] for one in json.loads(here.out)["verdicts"]] == [one["verdict"] for one in result["verdicts"]]


def test_the_exit_code_is_that_of_a_scan_here(served: Served) -> None:
    lenient = served.scan("bad.test", "--fail-on", "never", "--format", "oscal")
    assert (lenient.code, json.loads(lenient.out)["assessment-results"]["metadata"]["parties"][0]["name"]) == (0, "Example Ltd")
    several = served.scan("exemplary.test", "bad.test", "--format", "csv")
    assert (several.code, [line.split(",")[0] for line in several.out.splitlines()]) == (1, ["domain", "exemplary.test", "bad.test"])


def test_what_cannot_be_asked_of_a_server_is_refused_in_words(served: Served) -> None:
    at = ("--server", served.url, "--token-file", str(served.token))
    for arguments, words in (
        (("bad.test", "--depth", "full", *at), "leave out --depth"),
        (("bad.test", "--sign", *at), "leave out --sign"),
        (("no domain", *at), "is no domain"),
        (("bad.test", "--server", served.url), "HAUBERK_TOKEN"),
        (("bad.test", "--token-file", str(served.token)), "is for --server"),
    ):
        refused = typed("scan", *arguments)
        assert (refused.code, refused.out) == (2, "")
        assert words in refused.err
    assert typed("scan", "bad.test", "--server", served.url, "-f", "csv", HAUBERK_TOKEN=served.token.read_text()).code == 1


def test_a_token_that_may_not_is_refused_with_the_scope_it_lacks(served: Served) -> None:
    refused = typed("scan", "bad.test", "--server", served.url, "--token-file", str(served.reader))
    assert (refused.code, refused.err) == (2, "hauberk: the server refused (403): this wants the scope scan\n")
    assert "(401)" in typed("scan", "bad.test", "--server", served.url, HAUBERK_TOKEN="hbk_wrong").err


@pytest.mark.parametrize("url", ["http://192.0.2.1:8025", "ftp://example.com", "https://user:pass@example.com", "nonsense"])
def test_a_token_is_not_sent_in_clear_over_a_network(url: str) -> None:
    refused = typed("scan", "bad.test", "--server", url, HAUBERK_TOKEN="hbk_x")
    assert (refused.code, refused.out) == (2, "")


def test_a_server_that_is_not_there_is_worth_another_try_later() -> None:
    away = typed("scan", "bad.test", "--server", "http://127.0.0.1:9", HAUBERK_TOKEN="hbk_x")
    assert (away.code, "cannot be reached" in away.err) == (3, True)


class Idle(Platform):
    """Takes every order and never gets to it, but for that of good.test."""

    def answer(self, asked: Asked) -> Answer:
        job = {"id": 8 if "good.test" in asked.path or asked.path.endswith("/8") else 7, "state": "waiting"}
        if asked.path.endswith("/tenant"):
            return Answer(200, {"name": "Example Ltd"})
        ended = {"state": "failed", "reason": "seen all the same"} if asked.path.endswith("/jobs/8") else {}
        return Answer(202 if asked.method == "POST" else 200, job | ended)


def test_a_server_that_does_not_get_to_it_is_not_waited_for_without_end() -> None:
    with Idle().serving() as url:
        waited = typed("scan", "bad.test", "good.test", "late.test", "--server", url, "--time-limit", "1", HAUBERK_TOKEN="hbk_x")
    assert waited.code == 3
    assert waited.err.splitlines() == [
        "hauberk: bad.test: not ready after 1 s (--time-limit); the server goes on with it as job 7",
        "hauberk: good.test: failed: seen all the same",
        "hauberk: late.test: not ready after 1 s (--time-limit); the server goes on with it as job 7",
    ]


def test_where_no_scan_came_to_an_end_each_format_is_empty_in_its_own_way() -> None:
    with Idle().serving() as url:
        for format, out in (("json", ""), ("oscal", ""), ("sarif", '"runs": []')):
            failed = typed("scan", "good.test", "--server", url, "--format", format, HAUBERK_TOKEN="hbk_x")
            assert (failed.code, failed.err) == (3, "hauberk: good.test: failed: seen all the same\n")
            assert out in failed.out and bool(out) is bool(failed.out)


def test_organisations_and_tokens_are_refused_in_words(tmp_path: Path) -> None:
    at = ("--database", f"sqlite:///{tmp_path / 'hauberk.db'}")
    assert typed("server", "token", "--scope", "read", *at).code == 3
    assert typed("server", "organisation", "Example Ltd", *at).out == "example-ltd\n"
    assert typed("server", "organisation", "Example Ltd", *at).out == "example-ltd-2\n"
    assert typed("server", "organisations", *at).out == "example-ltd\tExample Ltd\nexample-ltd-2\tExample Ltd\n"
    for arguments, words in (
        (("token", "--scope", "read"), "say which with --tenant"),
        (("token", "--scope", "read", "--tenant", "nobody"), "the organisations are"),
        (("token", "--scope", "everything", "--tenant", "example-ltd"), "the scopes are read"),
        (("organisation", " "), "needs a name"),
        (("archive", "nobody"), "there are example-ltd, example-ltd-2"),
    ):
        refused = typed("server", *arguments, *at)
        assert (refused.code, refused.out) == (2, ""), arguments
        assert words in refused.err
    assert typed("server", "archive", "example-ltd-2", *at).err == "hauberk: Example Ltd is out of service; its evidence stays\n"
    assert typed("server", "organisations", *at).out == "example-ltd\tExample Ltd\n"
    assert typed("server", "archive", "example-ltd-2", "--back", *at).err == "hauberk: Example Ltd is in service again\n"
    issued = typed("server", "token", "--scope", "metrics", "--tenant", "example-ltd-2", "--days", "0", *at)
    assert issued.out.startswith("hbk_")
    assert "metrics, until it is revoked" in issued.err
