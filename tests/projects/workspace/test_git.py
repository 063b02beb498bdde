from __future__ import annotations

import base64
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from projects.errors import Cancelled, OperatorError, Retryable
from projects.workspace.git import Git, Remote, init_repository
from projects.workspace.mirror import Mirror
from projects.workspace.processes import Stop
from tests.projects.workspace.conftest import TOKEN, work
from tests.projects.workspace.git_server import commit, git

SPELLINGS = (TOKEN, base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode())


def all_of(folder):
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


class Sampler:
    """Collects every command line on this host until it is closed."""

    def __init__(self):
        self.lines, self.open = set(), True
        self.thread = threading.Thread(target=self.sample)
        self.thread.start()

    def sample(self):
        while self.open:
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    self.lines.add(path.read_bytes())
                except OSError:
                    continue

    def close(self):
        self.open = False
        self.thread.join()
        return b"\n".join(self.lines)


def test_the_token_reaches_the_remote_and_no_command_line_file_or_text(
    mirror, clone, base, sandbox, server, tmp_path
):
    sampler = Sampler()
    mirror.fetch()
    head = work(clone, {"big": "x" * 5_000_000})
    mirror.import_head(clone, session_id=7, base_sha=base, sandbox=sandbox)
    mirror.push(head, "feature/issue-3", expected=None)
    seen = sampler.close()
    assert f"Basic {SPELLINGS[1]}" in server.seen
    assert b"git-remote-http" in seen
    for spelling in SPELLINGS:
        assert spelling.encode() not in seen
        assert spelling.encode() not in all_of(tmp_path / "workspace")
        assert spelling not in repr(mirror.remote)


def test_a_wrong_token_shows_in_no_error(server, bare, tmp_path):
    wrong = "ghp_wrong0123456789wrong0123456789"
    with pytest.raises(OperatorError) as caught:
        Mirror(tmp_path / "m", Remote(f"{server.url}/owner/repo.git", wrong)).fetch()
    assert wrong not in str(caught.value) + repr(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/owner/repo.git",
        "http://127.0.0.1:1/owner/repo.git",
        "file:///etc",
        "ext::sh -c touch% /tmp/x",
        "ssh://git@github.com/owner/repo.git",
        "git@github.com:owner/repo.git",
        "--upload-pack=touch",
    ],
)
def test_only_the_configured_hosts_are_remotes(server, url):
    with pytest.raises(OperatorError) as caught:
        Remote(url, TOKEN)
    assert caught.value.code == "git.remote_refused"


def test_a_name_and_password_in_the_address_are_refused_without_showing_them(server):
    with pytest.raises(OperatorError) as caught:
        Remote(server.url.replace("://", f"://x-access-token:{TOKEN}@") + "/owner/repo.git")
    assert TOKEN not in str(caught.value)


def test_without_a_remote_nothing_outside_is_reached(mirror, server):
    seen = len(server.seen)
    for url in (mirror.remote.url, f"file://{mirror.path}", "ext::true"):
        with pytest.raises(Exception, match="not allowed"):
            mirror.git.run("ls-remote", url)
    assert len(server.seen) == seen


def test_a_redirect_is_not_followed_so_that_no_other_host_gets_the_token(server, bare, settings, tmp_path):
    class Redirect(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(302)
            self.send_header("Location", server.url + self.path)
            self.end_headers()

        def log_message(self, *args):
            """Silence."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Redirect) as redirecting:
        threading.Thread(target=redirecting.serve_forever, daemon=True).start()
        settings.GITHUB_WEB_URL = f"http://127.0.0.1:{redirecting.server_port}"
        moved = Mirror(tmp_path / "m", Remote(f"{settings.GITHUB_WEB_URL}/owner/repo.git", TOKEN))
        with pytest.raises(OperatorError) as caught:
            moved.fetch()
        redirecting.shutdown()
    assert caught.value.code == "git.not_found"
    assert server.seen == []


def test_what_home_host_and_environment_configure_has_no_effect(mirror, tmp_path, monkeypatch):
    (tmp_path / "home").mkdir()
    for name in (".gitconfig", "system"):
        (tmp_path / "home" / name).write_text("[user]\n\tname = Mallory\n[alias]\n\thash = !echo owned\n")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", str(tmp_path / "home" / "system"))
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", "'user.name=Mallory'")
    assert "Mallory" not in mirror.git.run("config", "--list")
    assert mirror.git.run("config", "core.hooksPath").strip() == "/dev/null"


def test_a_command_past_its_time_is_worth_another_try_and_a_stop_is_a_cancellation(tmp_path):
    init_repository(tmp_path / "r", bare=True)
    with pytest.raises(Retryable) as late:
        Git(tmp_path / "r").run("-c", "alias.wait=!sleep 60", "wait", timeout=0.2)
    assert late.value.code == "git.timeout"
    stop = Stop()
    stop.request("a person asked")
    with pytest.raises(Cancelled):
        Git(tmp_path / "r", stop=stop).run("-c", "alias.wait=!sleep 60", "wait")


def test_an_index_of_its_own_and_input_are_possible(tmp_path, bare):
    tree = Git(bare).run("mktree", stdin=b"").strip()
    Git(bare).run("read-tree", tree, index_file=tmp_path / "index")
    assert (tmp_path / "index").is_file()
    assert not (bare / "index").exists()
    assert commit(bare, {}) == git(bare, "rev-parse", "main")


def test_what_somebody_wrote_into_a_mirrors_configuration_redirects_no_token(mirror, server, remote):
    elsewhere = "http://127.0.0.1:1/"
    with (mirror.path / "config").open("a") as config:
        config.write(
            f'[url "{elsewhere}"]\n\tinsteadOf = {server.url}\n[http "{server.url}"]\n\tproxy = {elsewhere}\n'
        )
    mirror.fetch()
    mirror.remote_branches()
    assert "127.0.0.1" not in (mirror.path / "config").read_text()


def test_no_proxy_and_no_unchecked_certificate_whatever_else_is_configured(mirror):
    assert mirror.git.run("config", "http.sslVerify").strip() == "true"
    assert mirror.git.run("config", "http.proxy").strip() == ""
