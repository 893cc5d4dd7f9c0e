"""A Python prompt inside a studio that runs: one process for all that a test asks of its models."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

LOOP = """
import contextlib, io, json, sys, traceback
from django.db import close_old_connections
for line in sys.stdin:
    printed, wrong = io.StringIO(), ""
    close_old_connections()
    try:
        with contextlib.redirect_stdout(printed):
            exec(json.loads(line), {"__name__": "console"})
    except Exception:
        wrong = traceback.format_exc()
    print(json.dumps([printed.getvalue(), wrong]), flush=True)
"""


class Console:
    """`run(code)` returns what the code prints; each piece of code has names of its own."""

    def __init__(self, root: Path, env: Mapping[str, str]) -> None:
        command = [sys.executable, "manage.py", "shell", "-v0", "-c", LOOP]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, cwd=root, env=env, text=True, stdin=pipe, stdout=pipe)

    def run(self, code: str) -> str:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(code) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the console has ended"
        printed, wrong = json.loads(answer)
        assert not wrong, wrong
        return str(printed)

    def close(self) -> None:
        self._process.communicate(timeout=15)
