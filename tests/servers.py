"""Real servers for tests and benchmarks: databases, brokers and proxies of our own, on free ports of loopback.

    with postgres() as server: ... server.url

Each lies in a folder of its own under the system's temporary one, waits until it answers, and is ended by its process
id, also when the test process dies. Nothing that runs on the machine already is used or touched.
"""

import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

STARTS_WITHIN_S = 180
# What is killed or asked to end is gone at once, but for a machine that is busy.
ENDS_WITHIN_S = 60
POSTGRES_USER = "studio"
PR_SET_PDEATHSIG = 1
# Loaded here: between fork and exec another thread's lock on libraries would never be given back.
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
# Debian keeps servers where a user's PATH does not look.
SYSTEM_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin"


# The newest ones; a session of tests must not run out of files.
_reserved: deque[int] = deque()
MAX_RESERVED = 200


def free_port() -> int:
    """A port that only the server which is given its number can use: it stays reserved while nobody listens, too.

    A socket of ours is bound to it. So the system gives the number neither to another server that asks for any port,
    nor to a connection; a server that asks for this number gets it, as both have SO_REUSEADDR and ours never listens.
    """
    probe = socket.socket()
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    probe.bind(("", 0))
    port = int(probe.getsockname()[1])
    _reserved.append(probe.detach())
    if len(_reserved) > MAX_RESERVED:
        os.close(_reserved.popleft())
    return port


@dataclass
class Server:
    """A server's process. `kill` and `start` again let a test take it away for a while; its port and data stay."""

    name: str
    url: str
    command: Sequence[str]
    folder: Path
    is_up: Callable[[], bool]
    env: dict[str, str] = field(default_factory=dict)
    user: str | None = None
    end_with: signal.Signals = signal.SIGTERM
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Server":
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.folder,
                env={**os.environ, **self.env},
                stdout=log,
                stderr=log,
                user=self.user,
                start_new_session=True,
                preexec_fn=self._end_with_parent,
            )
        until = time.monotonic() + STARTS_WITHIN_S
        while not self.is_up():
            assert self.process.poll() is None, f"{self.name} ended:\n{self.said()}"
            assert time.monotonic() < until, f"{self.name} does not answer:\n{self.said()}"
            time.sleep(0.05)
        return self

    def kill(self) -> None:
        """SIGKILL, to all of its processes."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """In order; SIGKILL to what is left after 10 s."""
        self._end(self.end_with)

    def said(self) -> str:
        return (self.folder / "log").read_text(errors="replace")[-3000:]

    def _end(self, number: signal.Signals) -> None:
        if self.process is None:
            return
        with suppress(ProcessLookupError):
            os.kill(self.process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(10)
        # The group is ours alone: a session of its own.
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(ENDS_WITHIN_S)
        self.process = None

    def _end_with_parent(self) -> None:
        if LIBC:
            LIBC.prctl(PR_SET_PDEATHSIG, self.end_with)


@contextmanager
def running(server: Server) -> Iterator[Server]:
    try:
        yield server.start()
    finally:
        server.stop()
        shutil.rmtree(server.folder, ignore_errors=True)


def answers(port: int, said: bytes = b"", expected: bytes = b"", host: str = "127.0.0.1") -> bool:
    """Whether something on this port takes a connection, and answers `said` with `expected`."""
    try:
        with socket.create_connection((host, port), timeout=10) as line:
            if not said:
                return True
            line.sendall(said)
            return line.recv(64).startswith(expected)
    except OSError:
        return False


# --- PostgreSQL ------------------------------------------------------------------------------------------


def postgres_program(name: str) -> str | None:
    """A program of the newest PostgreSQL that is installed, or None. Debian keeps them out of PATH."""
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: float(path.parts[-3]))
    return str(versions[-1]) if versions else shutil.which(name)


def _server_user() -> str | None:
    """Who runs PostgreSQL: it refuses root. None: whoever we are."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise AssertionError("PostgreSQL refuses to run as root, and there is no other user")


@contextmanager
def postgres() -> Iterator[Server]:
    """An empty cluster with the database `studio`; nothing is synced to disk, so it is quick and may not crash."""
    initdb, program = postgres_program("initdb"), postgres_program("postgres")
    assert initdb, "PostgreSQL is not installed"
    assert program, "PostgreSQL is not installed"
    port, user = free_port(), _server_user()
    folder = Path(tempfile.mkdtemp(prefix="wanstudio-postgres-"))
    if user:
        shutil.chown(folder, user)
    made = subprocess.run(
        [
            *(initdb, "--no-sync", "--auth=trust", f"--username={POSTGRES_USER}"),
            *("--encoding=UTF8", "--locale=C.UTF-8", f"--pgdata={folder / 'data'}"),
        ],
        cwd=folder,
        user=user,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    options = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": str(folder),
        "max_connections": "300",
        "shared_buffers": "64MB",
        "fsync": "off",
        "full_page_writes": "off",
        "synchronous_commit": "off",
        "autovacuum": "off",
        "log_min_messages": "fatal",
        "log_min_error_statement": "panic",
    }
    command = [program, "-D", str(folder / "data")]
    for name, value in options.items():
        command += ["-c", f"{name}={value}"]
    url = f"postgres://{POSTGRES_USER}@127.0.0.1:{port}/studio"
    # SIGINT: PostgreSQL's quick stop, which does not wait for those who are connected.
    with running(
        Server("PostgreSQL", url, command, folder, lambda: _has_database(port), user=user, end_with=signal.SIGINT)
    ) as server:
        yield server


def _has_database(port: int) -> bool:
    """Whether it answers; makes the database `studio` if there is none."""
    import psycopg

    try:
        with psycopg.connect(
            f"postgres://{POSTGRES_USER}@127.0.0.1:{port}/postgres", autocommit=True, connect_timeout=10
        ) as line:
            if not line.execute("SELECT 1 FROM pg_database WHERE datname = 'studio'").fetchone():
                line.execute("CREATE DATABASE studio")
        return True
    except psycopg.Error:
        return False


# --- Redis -----------------------------------------------------------------------------------------------


@contextmanager
def redis() -> Iterator[Server]:
    program = shutil.which("redis-server")
    assert program, "Redis is not installed"
    port = free_port()
    folder = Path(tempfile.mkdtemp(prefix="wanstudio-redis-"))
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with running(
        Server("Redis", f"redis://127.0.0.1:{port}/0", command, folder, lambda: answers(port, b"PING\r\n", b"+PONG"))
    ) as server:
        yield server


# --- RabbitMQ --------------------------------------------------------------------------------------------


def rabbitmq_program() -> str | None:
    """The server's own script: the one in PATH is Debian's, which changes the user and knows one node only."""
    own = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
    return str(own) if own.exists() else shutil.which("rabbitmq-server")


@contextmanager
def rabbitmq() -> Iterator[Server]:
    """A node of its own name with an epmd of its own, so that none that runs already is joined, or ended, by us."""
    program, epmd = rabbitmq_program(), shutil.which("epmd")
    assert program, "RabbitMQ is not installed"
    assert epmd, "Erlang's epmd is not installed"
    port, names_port, between_port = free_port(), free_port(), free_port()
    folder = Path(tempfile.mkdtemp(prefix="wanstudio-rabbitmq-"))
    (folder / "epmd").mkdir()
    (folder / "enabled_plugins").write_text("[].\n")
    (folder / "rabbitmq.conf").write_text("log.console = false\nmanagement_agent.disable_metrics_collector = true\n")
    loopback = {"ERL_EPMD_ADDRESS": "127.0.0.1", "ERL_EPMD_PORT": str(names_port), "HOME": str(folder)}
    env = {
        **loopback,
        "RABBITMQ_NODENAME": f"wanstudio{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(between_port),
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "logs"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "none"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +S 1:1 +sbwt none",
    }
    names = Server(
        *("epmd", "", [epmd, "-port", str(names_port), "-address", "127.0.0.1"], folder / "epmd"),
        *(lambda: answers(names_port), loopback),
    )
    node = Server(
        *("RabbitMQ", f"amqp://guest:guest@127.0.0.1:{port}//", [program], folder),
        *(lambda: answers(port, b"AMQP\x00\x00\x09\x01", b"\x01"), env),
    )
    with running(names), running(node):
        yield node


# --- proxies ---------------------------------------------------------------------------------------------


@contextmanager
def nginx(upstream: str, *directives: str) -> Iterator[Server]:
    """nginx before the server at `upstream` (`host:port`), with more directives of its `server` block."""

    def conf(port: int, folder: Path) -> str:
        return f"""
            client_max_body_size 600m;
            server {{
                listen 127.0.0.1:{port};
                {" ".join(directives)}
                location / {{
                    proxy_pass http://{upstream};
                    proxy_set_header Host $http_host;
                    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
                    proxy_set_header X-Forwarded-Proto $scheme;
                }}
            }}
        """

    with nginx_with(conf) as server:
        yield server


EXAMPLES = Path(__file__).parent.parent / "deploy"


def example(name: str, changes: dict[str, str]) -> str:
    """An example of deploy/, with what differs for a test: names, ports, folders, certificates."""
    text = (EXAMPLES / name).read_text()
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


@dataclass(frozen=True)
class Certificate:
    """Files of a certificate for localhost, and of its key."""

    chain: Path
    key: Path


@contextmanager
def example_nginx(
    port: int, data: Path, user: str = "", tls: Certificate | None = None, own: int | None = None
) -> Iterator[Server]:
    """nginx with `deploy/nginx.conf` as it is, but for its addresses, folders and certificate; as `user group`."""

    def conf(own: int, folder: Path) -> str:
        listen, chain, key = f"listen 127.0.0.1:{own}", "ssl_certificate ", "ssl_certificate_key "
        certificate = {
            f"    {chain}/etc/ssl/certs/studio.example.com.pem;": f"{chain}{tls.chain};" if tls else "",
            f"    {key}/etc/ssl/private/studio.example.com.key;": f"{key}{tls.key};" if tls else "",
        }
        changes = {
            "server 127.0.0.1:8000;": f"server 127.0.0.1:{port};",
            "listen 80;": f"listen 127.0.0.1:{free_port()};",
            "listen 443 ssl;": f"{listen} ssl;" if tls else f"{listen};",
            "/var/lib/wanstudio;": f"{data};",
            "/var/cache/wanstudio ": f"{folder}/rights ",
            **certificate,
            "studio.example.com": "localhost",
        }
        return example("nginx.conf", changes)

    process = f"user {user};" if user else "master_process off;"
    with nginx_with(conf, process, own) as server:
        yield server


@contextmanager
def example_caddy(port: int, tls: Certificate, own: int) -> Iterator[Server]:
    """Caddy with `deploy/Caddyfile` as it is, but for its addresses and certificate."""
    program = shutil.which("caddy")
    assert program, "Caddy is not installed"
    folder = Path(tempfile.mkdtemp(prefix="wanstudio-caddy-"))
    site = {"\nstudio.example.com {": f"\nlocalhost:{own} {{\n\tbind 127.0.0.1\n\ttls {tls.chain} {tls.key}"}
    usual = example("Caddyfile", {**site, "reverse_proxy 127.0.0.1:8000": f"reverse_proxy 127.0.0.1:{port}"})
    # No administration, and no second port that sends http to https.
    (folder / "Caddyfile").write_text(f"{{\n\tadmin off\n\tauto_https disable_redirects\n}}\n{usual}")
    command = [program, "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]
    server = Server("Caddy", f"https://localhost:{own}", command, folder, lambda: answers(own))
    server.env = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with running(server):
        yield server


@contextmanager
def nginx_with(
    conf: Callable[[int, Path], str], process: str = "master_process off;", own: int | None = None
) -> Iterator[Server]:
    """nginx with what `conf` makes of its port (or a free one) and its folder, within its `http` block."""
    program = shutil.which("nginx", path=SYSTEM_PATH)
    assert program, "nginx is not installed"
    port = own or free_port()
    folder = Path(tempfile.mkdtemp(prefix="wanstudio-nginx-"))
    # Its workers can run under another account.
    folder.chmod(0o711)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    folders = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    (folder / "nginx.conf").write_text(f"""
        daemon off; {process} pid {folder}/pid; error_log stderr warn;
        events {{ worker_connections 1024; }}
        http {{ access_log off; {folders} {conf(port, folder)} }}
    """)
    command = [program, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]
    with running(Server("nginx", f"http://127.0.0.1:{port}", command, folder, lambda: answers(port))) as server:
        yield server


@contextmanager
def haproxy(upstream: str, *, plain: bool = False) -> Iterator[Server]:
    """HAProxy before the server at `upstream`. It passes headers with underscores as they came; `plain` adds none."""
    headers = "" if plain else "option forwardfor\n    http-request set-header X-Forwarded-Proto http"
    program = shutil.which("haproxy", path=SYSTEM_PATH)
    assert program, "HAProxy is not installed"
    port = free_port()
    folder = Path(tempfile.mkdtemp(prefix="wanstudio-haproxy-"))
    (folder / "haproxy.cfg").write_text(f"""
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
frontend studio
    bind 127.0.0.1:{port}
    {headers}
    default_backend web
backend web
    server web {upstream}
""")
    command = [program, "-db", "-f", str(folder / "haproxy.cfg")]
    with running(Server("HAProxy", f"http://127.0.0.1:{port}", command, folder, lambda: answers(port))) as server:
        yield server
