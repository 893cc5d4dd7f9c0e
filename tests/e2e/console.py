"""A Python prompt inside a studio that runs: one process for all that a test asks of its models."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

LOOP = """
import contextlib, io, json, sys, traceback
from django.db import connections
for line in sys.stdin:
    printed, wrong = io.StringIO(), ""
    try:
        with contextlib.redirect_stdout(printed):
            exec(json.loads(line), {"__name__": "console"})
    except Exception:
        wrong = traceback.format_exc()
    connections.close_all()
    print(json.dumps([printed.getvalue(), wrong]), flush=True)
"""


class Console:
    """`run(code)` returns what the code prints; each piece has names, and a connection to the database, of its own."""

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
        self._process.communicate(timeout=60)
