"""Git's smart HTTP, answered by `git http-backend` after the token and the repository have been checked."""

from __future__ import annotations

import re
import subprocess

from automation.demo.github.access import Gate
from automation.demo.github.apps import Apps
from automation.demo.github.bare import GIT_ENVIRONMENT
from automation.demo.github.messages import Reply, Request
from automation.demo.github.refusals import Refusal
from automation.demo.github.state import Ledger

GIT_PATH = re.compile(
    r"/(?P<name>[^/]+/[^/]+?)(?:\.git)?/(?P<rest>info/refs|git-upload-pack|git-receive-pack)"
)


def authorize(request: Request, ledger: Ledger, gate: Gate, apps: Apps) -> dict[str, str]:
    """The CGI environment for an allowed request; raises Refusal."""
    match = GIT_PATH.fullmatch(request.path)
    if match is None:
        raise Refusal(404, "Not Found")
    try:
        token, login = gate.login(request.headers.get("authorization"))
    except Refusal as refusal:
        said = "Password authentication is not supported. Use a token."
        raise Refusal(401, "Invalid username or token. " + said) from refusal
    repo = ledger.find(match["name"])
    pushes = "git-receive-pack" in (match["rest"], request.query.get("service"))
    apps.check_git(token, repo, pushes=pushes)
    if repo is None or not repo.allows(login, "read"):
        raise Refusal(404, "Repository not found.")
    if pushes and (repo.archived or not repo.allows(login, "write")):
        raise Refusal(403, f"Permission to {repo.full_name}.git denied to {login}.")
    environment = GIT_ENVIRONMENT | {
        "GIT_PROJECT_ROOT": str(repo.path),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": f"/{match['rest']}",
        "REQUEST_METHOD": request.method,
        "QUERY_STRING": request.query_string,
        "CONTENT_TYPE": request.headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(request.body)),
        "HTTP_CONTENT_ENCODING": request.headers.get("content-encoding", ""),
        "GIT_PROTOCOL": request.headers.get("git-protocol", ""),
        "REMOTE_USER": login,
    }
    return {name: value for name, value in environment.items() if value}


def answer(request: Request, environment: dict[str, str]) -> Reply:
    """Run the CGI program and take its headers and body apart."""
    done = subprocess.run(
        ["git", "http-backend"],
        env=environment,
        input=request.body,
        capture_output=True,
        timeout=600,
        check=False,
    )
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode("latin-1").split("\r\n") if ": " in line)
    status = headers.pop("Status", "200 OK" if done.returncode == 0 else "500 Internal Server Error")
    return Reply(int(status.split()[0]), body, headers)


def refuse(refusal: Refusal) -> Reply:
    """Git prints a plain text answer as lines that begin with `remote:`."""
    headers = {"Content-Type": "text/plain; charset=utf-8"}
    if refusal.status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="GitHub"'
    return Reply(refusal.status, f"{refusal.message}\n".encode(), headers)
