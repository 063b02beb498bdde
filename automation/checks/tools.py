"""git and the sandbox of this host, tried by running them."""

from __future__ import annotations

import os
from collections.abc import Iterator

from django.conf import settings
from django.core.checks import CheckMessage

from automation.checks.registry import fail, fine, note, register, warn
from automation.checks.situation import Situation
from projects import checks
from projects.errors import AutowrkersError
from projects.workspace.processes import run
from projects.workspace.sandbox import detect

WEAK = "Install bubblewrap and allow user namespaces: only it hides this host's files from agents."


@register("git", "git")
def git(situation: Situation) -> Iterator[CheckMessage]:
    env = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"}
    try:
        said = run(["git", "--version"], env=env, timeout=5).stdout.decode("utf-8", "replace").strip()
    except AutowrkersError as error:
        yield fail(10, error.message, error.remedy)
        return
    wrong = checks.judge_git(said)
    yield from (fail(10, message.msg, str(message.hint)) for message in wrong)
    if not wrong:
        yield fine(10, f"{said}.")


@register("agent", "Sandbox")
def sandbox(situation: Situation) -> Iterator[CheckMessage]:
    if not situation.may_run_programs:
        yield note(40, f"The sandbox ({settings.AUTOWRKERS_SANDBOX}) has not been tried.", "Run all checks.")
        return
    try:
        mode = detect(settings.AUTOWRKERS_SANDBOX).mode
    except AutowrkersError as error:
        yield fail(40, error.message, error.remedy)
        return
    if mode == "bubblewrap":
        yield fine(40, "The sandbox works (bubblewrap).")
    elif mode == "namespace":
        yield warn(40, "Agents run in a process namespace, which hides no files of this host.", WEAK)
    else:
        yield warn(40, "Agents run without any sandbox.", WEAK)
