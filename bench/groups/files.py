"""Files: ranges of 1 MB by the studio and handed off, beside nginx alone; and polls while slow readers read."""

import http.client
import os
import random
import socket
import sqlite3
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from bench.figures import Figure, interleaved, ratios, shown
from bench.rig import Rig
from tests.e2e.person import Person
from tests.e2e.studio import Studio
from tests.servers import example_nginx, nginx_with

MEGABYTE, MEGABYTES, RANGES = 1024**2, 64, 256
READERS, READ_S, POLLS = 60, 0.25, 200
BEHIND = {"WANSTUDIO_ACCEL": "/media/", "WANSTUDIO_TRUSTED_PROXIES": "127.0.0.1"}


def figures(rig: Rig) -> Iterator[Figure]:
    small = rig.small()
    inside, video = rig.inside(small), small.told["newest_video"]
    took = interleaved(rig.runs, lambda: inside.call("bench.inside.cost", f"/videos/{video}/poster", 10)["processor"])[
        0
    ]
    yield Figure("a poster", "", took, "ms", before="10 ms")
    with rig.studio(small, **BEHIND) as studio:
        stored = _enlarge(studio, video)
        cookie = "; ".join(f"{name}={value}" for name, value in Person(studio).session.cookies.items())
        address = f"/videos/{video}/file"
        user = "nobody root" if os.geteuid() == 0 else ""
        with example_nginx(studio.port, studio.data, user) as behind, _alone(stored, user) as alone:
            places = [
                (_port(alone.url), f"/{stored.name}"),
                (studio.port, address),
                (_port(behind.url), address),
            ]
            nginx, app, handed = interleaved(rig.runs, *(partial(_ranges_s, *at, cookie) for at in places))
        beside = f"nginx alone, {shown(statistics.median(nginx) / RANGES * 1000)} ms a range"
        yield Figure("nginx ÷ ranges of 1 MB by the studio", "≥ 0.15", ratios(nginx, app), "", beside, "0.03")
        yield Figure("nginx ÷ ranges of 1 MB handed off", "≥ 0.9", ratios(nginx, handed), "", beside, "0.03")
        quiet = [_polls_ms(studio, cookie) for _ in range(rig.runs)]
        with _slow_readers(studio.port, address, cookie):
            busy = [_polls_ms(studio, cookie) for _ in range(rig.runs)]
        beside = f"without them {shown(statistics.median(quiet))} ms"
        yield Figure(f"poll, p95 with {READERS} slow readers", "≤ 250", busy, "ms elapsed", beside)


def _enlarge(studio: Studio, video: int) -> Path:
    """The stored file of this video, 64 MB now."""
    with sqlite3.connect(studio.data / "studio.sqlite3", timeout=20) as database:
        name = database.execute("SELECT file FROM wanstudio_video WHERE id = ?", [video]).fetchone()[0]
        size = MEGABYTES * MEGABYTE
        database.execute("UPDATE wanstudio_video SET size_bytes = ? WHERE id = ?", [size, video])
    database.close()
    stored = studio.data / "media" / str(name)
    stored.write_bytes(random.Random(1).randbytes(size))
    return stored


def _alone(stored: Path, user: str):  # type: ignore[no-untyped-def]
    def conf(port: int, folder: Path) -> str:
        return f"sendfile on; tcp_nopush on; server {{ listen 127.0.0.1:{port}; root {stored.parent}; }}"

    return nginx_with(conf, f"user {user};" if user else "master_process off;")


def _port(url: str) -> int:
    return int(url.rpartition(":")[2])


def _ranges_s(port: int, address: str, cookie: str) -> float:
    """One reader, one connection."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    began = time.perf_counter()
    for number in range(RANGES):
        start = number % MEGABYTES * MEGABYTE
        line.request("GET", address, headers={"Cookie": cookie, "Range": f"bytes={start}-{start + MEGABYTE - 1}"})
        answer = line.getresponse()
        assert (answer.status, len(answer.read())) == (206, MEGABYTE), answer.status
    took = time.perf_counter() - began
    line.close()
    return took


def _polls_ms(studio: Studio, cookie: str) -> float:
    """The 95th percentile of polls of one job, one after the other."""
    jobs = studio.rows("SELECT id, version FROM wanstudio_job WHERE team_id = 1 ORDER BY id DESC LIMIT 1")
    line, times = http.client.HTTPConnection("127.0.0.1", studio.port, timeout=30), []
    for _ in range(POLLS):
        began = time.perf_counter()
        line.request("GET", f"/jobs/status/?as=rows&seen={jobs[0][0]}:{jobs[0][1]}", headers={"Cookie": cookie})
        answer = line.getresponse()
        answer.read()
        assert answer.status in (200, 204), answer.status
        times.append((time.perf_counter() - began) * 1000)
    line.close()
    return sorted(times)[int(POLLS * 0.95) - 1]


@contextmanager
def _slow_readers(port: int, address: str, cookie: str) -> Iterator[None]:
    """Each reads the whole film, 16 kB at a time, four times a second."""
    lines, over = [], threading.Event()
    for _ in range(READERS):
        line = socket.create_connection(("127.0.0.1", port))
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        line.sendall(f"GET {address} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookie}\r\n\r\n".encode())
        lines.append(line)
    assert all(line.recv(12) == b"HTTP/1.1 200" for line in lines)

    def read() -> None:
        while not over.wait(READ_S):
            for line in lines:
                line.recv(16384)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield
    finally:
        over.set()
        reader.join()
        for line in lines:
            line.close()
