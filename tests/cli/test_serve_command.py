"""`hauberk serve` as an administrator runs it: a real process, a real port, a browser's requests, an end by a signal."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx

from cli.command import Hauberk
from hauberk.report.signature import key
from lab.ports import free_port
from web.site import PASSWORD, form_of


@dataclass
class Served:
    process: "subprocess.Popen[str]"
    lines: list[str]

    @property
    def url(self) -> str:
        return self.lines[0].split()[1]

    @property
    def set_up_link(self) -> str:
        return self.lines[1].split()[-1]

    def stop(self) -> tuple[int, str]:
        """The exit code, and what it said on the way out."""
        self.process.send_signal(signal.SIGTERM)
        _, rest = self.process.communicate(timeout=60)
        return self.process.returncode, rest


@contextmanager
def served(folder: Path, *arguments: str, lines: int) -> Generator[Served]:
    """A server in an empty folder; `lines` is how many it says at the beginning."""
    command = [sys.executable, "-m", "hauberk.cli.main", "serve", "--port", "0", *arguments]
    environment = {**os.environ, "PYTHONPATH": ":".join(sys.path)}
    process = subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True, env=environment)
    assert process.stderr is not None
    try:
        yield Served(process, [process.stderr.readline() for _ in range(lines)])
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stderr.close()


def _send(browser: httpx.Client, path: str, action: str = "", **values: str) -> httpx.Response:
    form = form_of(browser.get(path).text, action or path)
    return browser.post(form.action, data={**form.values, **values}, headers={"Origin": str(browser.base_url).rstrip("/")})


def test_the_first_start_ends_in_a_server_that_somebody_is_signed_in_to(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret\n")
    (tmp_path / "providers.toml").write_text(
        '[[provider]]\nname = "sso"\nlabel = "Example <SSO>"\nissuer = "https://sso.example.com"\nclient-id = "hauberk"\n'
        'client-secret-file = "secret"\n'
    )
    with served(tmp_path, "--providers", "providers.toml", lines=2) as server, httpx.Client(base_url=server.url) as browser:
        assert "Nobody can sign in yet" in browser.get("/sign-in").text
        path = server.set_up_link.removeprefix(server.url)
        done = _send(browser, path, organisation="Acme Ltd", name="Ada", email="ada@example.com", password=PASSWORD)
        assert done.status_code == 303, done.text
        assert "Acme Ltd" in browser.get("/").text
        assert "Sign in with Example &lt;SSO&gt;" in browser.get("/sign-in").text
        assert browser.get("/static/hauberk.css").headers["content-type"].startswith("text/css")
        assert "server" not in browser.get("/").headers
        assert (tmp_path / "hauberk.db").stat().st_mode & 0o077 == 0
        assert (tmp_path / "hauberk-data").stat().st_mode & 0o077 == 0
        code, said = server.stop()
        assert (code, "Traceback" in said) == (0, False), said
    with served(tmp_path, lines=1) as again, httpx.Client(base_url=again.url, follow_redirects=True) as browser:
        assert "Acme Ltd" in _send(browser, "/sign-in", email="ada@example.com", password=PASSWORD).text
        with httpx.Client(base_url=again.url, headers={"X-Forwarded-For": "198.51.100.9"}) as liar:
            _send(liar, "/sign-in", email="ada@example.com", password="a wrong guess")
        code, said = again.stop()
        assert (code, "from 127.0.0.1 failed" in said) == (0, True), said


def test_behind_a_proxy_the_name_and_the_address_are_those_of_the_outside(tmp_path: Path) -> None:
    """With https from the proxy to the server, too."""
    port = free_port()
    made = key.make("hauberk.example.com", datetime.now(UTC))
    (tmp_path / "both.pem").write_bytes(made.pem())
    arguments = ("--url", "https://hauberk.example.com", "--proxy", "127.0.0.1", "--no-work", "--port", str(port))
    with served(tmp_path, *arguments, "--tls-certificate", "both.pem", "--tls-key", "both.pem", lines=3) as server:
        assert server.lines[0] == "hauberk: https://hauberk.example.com (Ctrl-C ends it)\n"
        assert server.set_up_link.startswith("https://hauberk.example.com/set-up/")
        assert "serves only" in server.lines[2]
        with httpx.Client(base_url=f"https://127.0.0.1:{port}", verify=False) as proxy:
            proxy.headers.update({"Host": "hauberk.example.com", "X-Forwarded-For": "203.0.113.5, 198.51.100.9"})
            shown = proxy.get("/sign-in")
            assert "strict-transport-security" in shown.headers
            cookie = shown.headers["set-cookie"].partition(";")[0]
            assert cookie.startswith("__Host-hauberk_guest=")
            csrf = re.search(r'"X-CSRF-Token": "(\w+)"', shown.text)
            assert csrf is not None
            typed = {"email": "ada@example.com", "password": "a wrong guess"}
            assert proxy.post("/sign-in", data=typed, headers={"X-CSRF-Token": csrf[1], "Cookie": cookie}).status_code == 401
        code, said = server.stop()
        assert code == 0
        assert "as ada@example.com from 198.51.100.9 failed" in said


def test_a_port_that_is_taken_is_named(hauberk: Hauberk) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = hauberk("serve", "--port", str(port))
    assert done.code == 2
    assert f"cannot listen at 127.0.0.1 port {port}: Address already in use" in done.err
