"""An agent without a model: plays the first rule of a script that fits the prompt, printing stream-json.

A program of its own, started by the scripted adapter inside the sandbox: standard library only.
Usage: agent.py SCRIPT [SESSION-ID] < prompt. The script is JSON:
{"pace": seconds per step, "rules": [{"match": regex, "unless": regex, "steps": [{"say": "..."}, ...]}]}
Steps: say, write, replace, delete, run, commit, sleep, hang, flood, daemon, fail, exit (the `do_` methods).
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any, NoReturn

MARKERS = ("/complete", "/needs-human", "/blocked")
FLOOD_LINE = b"x" * 65_535 + b"\n"


class Agent:
    def __init__(self, session_id: str, *, pace: float) -> None:
        self.session_id = session_id
        self.pace = pace
        self.turns = 0
        self.printed_chars = 0
        self.last_words = ""

    def play(self, steps: list[dict[str, Any]]) -> None:
        self.print_line("system", subtype="init", model="scripted", cwd=str(Path.cwd()), tools=[])
        for step in steps:
            time.sleep(self.pace)
            for name, value in step.items():
                getattr(self, f"do_{name}")(value)
        if not self.last_words.strip().rpartition("\n")[2].startswith(MARKERS):
            self.do_say(f"{self.last_words}\n\n/complete".strip())
        self.finish(result=self.last_words)

    def do_say(self, words: str) -> None:
        self.last_words = words
        self.answer({"type": "text", "text": words})

    def do_write(self, files: dict[str, str]) -> None:
        for name, content in files.items():
            path = Path(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
            self.report("Write", {"file_path": name}, f"Wrote {name}")

    def do_replace(self, edit: dict[str, str]) -> None:
        path = Path(edit["path"])
        text = path.read_text(encoding="utf-8")
        found = edit["old"] in text
        path.write_text(text.replace(edit["old"], edit["new"]), encoding="utf-8")
        outcome = f"Edited {path}" if found else "The text to replace was not found"
        self.report("Edit", {"file_path": str(path)}, outcome, is_error=not found)

    def do_delete(self, name: str) -> None:
        done = subprocess.run(["rm", "-rf", "--", name], capture_output=True, text=True, check=False)
        self.report("Bash", {"command": f"rm -rf {name}"}, done.stderr, is_error=done.returncode != 0)

    def do_run(self, command: str) -> None:
        done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=False)
        output = (done.stdout + done.stderr)[-4_000:]
        self.report("Bash", {"command": command}, output, is_error=done.returncode != 0)

    def do_commit(self, message: str) -> None:
        quoted = message.replace("'", "'\\''")
        self.do_run(f"git add -A && git commit -qm '{quoted}' && git log --oneline -1")

    def do_sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def do_hang(self, is_wanted: bool) -> None:
        while is_wanted:
            time.sleep(60)

    def do_flood(self, size: int) -> None:
        for _ in range(0, size, len(FLOOD_LINE)):
            sys.stdout.buffer.write(FLOOD_LINE)
        sys.stdout.flush()

    def do_daemon(self, seconds: int) -> None:
        """A process that left our process group, our session and our pipes."""
        command = f"(setsid sleep {int(seconds)} >/dev/null 2>&1 </dev/null &) ; echo left a process behind"
        self.do_run(command)

    def do_fail(self, error: dict[str, Any]) -> NoReturn:
        """`subtype` (error_max_budget_usd), `stop_reason` (refusal) and `total_cost_usd` are those of Claude Code."""
        status = error.get("status")
        told = ("subtype", "stop_reason", "total_cost_usd")
        details = {name: error[name] for name in told if name in error}
        self.finish(
            result=error.get("message", f"API Error: {status}"), status=status, is_error=True, **details
        )

    def do_exit(self, code: int) -> NoReturn:
        sys.exit(code)

    def report(self, tool: str, given: dict[str, str], output: str, *, is_error: bool = False) -> None:
        """A use of a tool and its result."""
        ident = f"toolu_{uuid.uuid4().hex[:12]}"
        self.answer({"type": "tool_use", "id": ident, "name": tool, "input": given})
        result = {"type": "tool_result", "tool_use_id": ident, "content": output, "is_error": is_error}
        self.print_line("user", message={"role": "user", "content": [result]})

    def answer(self, block: dict[str, Any]) -> None:
        self.turns += 1
        message = {"id": f"msg_{self.turns}", "role": "assistant", "content": [block]}
        self.print_line("assistant", message=message)

    def finish(
        self, *, result: str, status: int | None = None, is_error: bool = False, **details: Any
    ) -> NoReturn:
        usage = {"input_tokens": self.printed_chars // 4, "output_tokens": 20 * self.turns}
        self.print_line(
            "result",
            **{"subtype": "success"} | details,
            is_error=is_error,
            api_error_status=status,
            num_turns=self.turns,
            result=result,
            usage=usage,
        )
        sys.exit(1 if is_error else 0)

    def print_line(self, kind: str, **fields: Any) -> None:
        line = json.dumps({"type": kind, **fields, "session_id": self.session_id})
        self.printed_chars += len(line)
        print(line, flush=True)


def choose_steps(script: dict[str, Any], prompt: str) -> list[dict[str, Any]]:
    for rule in script["rules"]:
        if re.search(rule.get("match", ""), prompt) and not (
            "unless" in rule and re.search(rule["unless"], prompt)
        ):
            steps: list[dict[str, Any]] = rule["steps"]
            return steps
    return [{"say": "/blocked: no rule of the script fits this prompt"}]


def main() -> None:
    script = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    session_id = sys.argv[2] if len(sys.argv) > 2 else str(uuid.uuid4())
    prompt = sys.stdin.buffer.read().decode("utf-8", "replace")
    Agent(session_id, pace=float(script.get("pace", 0))).play(choose_steps(script, prompt))


if __name__ == "__main__":
    main()
