"""The image: built by Debian's podman from deploy/Containerfile, and run read-only by the commands of docs/install.md.

No registry is reached: the base is made by mmdebstrap. It needs root, and a kernel that lets containers start.
"""

import json
import os
import re
import shutil
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from tests.containers import CONTAINERFILE, Podman, engine
from tests.docs_commands import commands, run
from tests.e2e.person import Person
from tests.e2e.studio import ROOT, Studio, wait_until
from tests.e2e.template import EMAIL, OWNER, PASSWORD
from tests.servers import postgres, rabbitmq
from wanstudio.media.probe import verify_video

NEEDED = ("podman", "mmdebstrap", "runc")
MAX_MB = 560
STARTS_WITHIN_S = 240
PUBLISHED = "-p 127.0.0.1:8000:8000 "
# The name that compose gives the volume.
VOLUME = "wanstudio_data"
# Without the first podman alone would make /run and /var/tmp writable, too.
STRICT = {"--read-only ": "--read-only --read-only-tmpfs=false ", "-v wanstudio:/data": f"-v {VOLUME}:/data"}
COMPOSE = f"{sys.executable} -m podman_compose"
pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def podman() -> Iterator[Podman]:
    if os.geteuid() != 0:
        pytest.skip("mmdebstrap and podman make the root file system as root")
    if lacking := [program for program in NEEDED if not shutil.which(program)]:
        pytest.skip(f"{', '.join(lacking)} cannot be installed here")
    with engine() as found:
        found.import_debian()
        found.build()
        yield found


@pytest.fixture(scope="module")
def image(podman: Podman) -> dict[str, Any]:
    return dict(json.loads(podman("image", "inspect", "wanstudio"))[0])


class Contained(Studio):
    """A studio in a container, begun by commands of the page; its volume is read from outside."""

    def __init__(self, podman: Podman, folder: Path, name: str) -> None:
        super().__init__(folder / "unused")
        self.podman, self.name = podman, name

    def begin(self, lines: list[str], folder: Path = ROOT) -> None:
        run(lines, folder, self.podman.env, timeout_s=600)
        self.data = Path(self.podman("volume", "inspect", VOLUME, "--format", "{{.Mountpoint}}"))
        wait_until(self.is_up, "it answers", STARTS_WITHIN_S)

    def is_up(self) -> bool:
        """By this machine's own client, which costs less than a process in the container."""
        try:
            return requests.get(f"{self.url}/readyz", timeout=5).status_code == 200
        except requests.RequestException:
            running = self.podman("inspect", self.name, "--format", "{{.State.Running}}")
            assert running == "true", self.said()
            return False

    def said(self) -> str:
        done = self.podman.run("logs", self.name)
        return done.stdout + done.stderr

    def inside(self, *words: str) -> tuple[int, str]:
        done = self.podman.run("exec", self.name, *words)
        return done.returncode, (done.stdout + done.stderr).strip()

    def ends(self) -> int:
        """The exit code after `podman stop`, which gives the image's own signal and the grace of compose.yaml."""
        grace = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())["services"]["studio"][
            "stop_grace_period"
        ]
        began = time.monotonic()
        self.podman("stop", "--time", grace.removesuffix("s"), self.name)
        assert time.monotonic() - began < float(grace.removesuffix("s"))
        return int(self.podman("inspect", self.name, "--format", "{{.State.ExitCode}}"))


@pytest.fixture(scope="module")
def contained(podman: Podman, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Contained]:
    """Running by compose, with an owner who has shown the code that the log names."""
    folder = tmp_path_factory.mktemp("image")
    studio = Contained(podman, folder, "wanstudio_studio_1")
    # The container shares this machine's network, where its own ports can be in use.
    ports = {"PORT": str(studio.port), "SANDBOX_PORT": str(studio.sandbox_port)}
    here = {"services": {"studio": {"network_mode": "host", "environment": ports}}}
    (folder / "here.yaml").write_text(yaml.safe_dump(here))
    file = "-f deploy/compose.yaml"
    words = {"docker compose": COMPOSE, file: f"{file} -f {folder}/here.yaml", "up -d": "up -d --no-build"}
    up, logs = commands("docs/install.md", "By compose", words)
    studio.begin([up])
    code = re.findall(r"Setup code[^:]*: ([\w-]+)", run([logs], ROOT, podman.env))[0]
    browser = requests.Session()
    # As through a proxy: on this machine root needs no code.
    browser.headers["X-Forwarded-For"] = "192.0.2.7"
    page = browser.get(f"{studio.url}/setup/", timeout=30).text
    token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[0]
    owner = {"team_name": "Northlight", "name": "Ben", "email": EMAIL, "password": PASSWORD}
    for given, status in (("guessed", 422), (code, 302)):
        form = {**owner, "code": given, "csrfmiddlewaretoken": token}
        answer = browser.post(f"{studio.url}/setup/", data=form, timeout=30, allow_redirects=False)
        assert answer.status_code == status, answer.text[-2000:]
    yield studio
    studio.close()


@pytest.fixture(scope="module")
def person(contained: Contained) -> Person:
    return Person(contained)


def state(studio: Studio, job: int) -> str:
    return str(studio.rows("SELECT state FROM wanstudio_job WHERE id = ?", job)[0][0])


# --- the image -----------------------------------------------------------------------------------------


def test_image_says_who_runs_it_how_it_is_asked_and_how_it_is_stopped(image: dict[str, Any]) -> None:
    config = image["Config"]
    assert config["User"] == "10001:10001"
    assert config["Entrypoint"] + config["Cmd"] == [".venv/bin/python", "manage.py", "run", "--prepare"]
    assert config["StopSignal"] in ("SIGTERM", "15")
    assert list(config["Volumes"]) == ["/data"]
    assert image["Healthcheck"]["Test"] == ["CMD", ".venv/bin/python", "-I", "health.py"]
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    labels = {name.rpartition(".")[2]: value for name, value in image["Labels"].items() if "opencontainers" in name}
    assert (labels["title"], labels["version"], labels["licenses"]) == ("Wan Studio", version, "GPL-3.0-or-later")


def test_image_is_small_and_has_neither_tools_nor_caches_nor_secrets(podman: Podman, image: dict[str, Any]) -> None:
    assert image["Size"] < MAX_MB * 1_000_000
    root = Path(podman("image", "mount", "wanstudio"))
    studio = root / "srv" / "wanstudio"
    try:
        tools = ("gcc", "cc", "make", "pip", "pip3", "curl", "git")
        assert [tool for tool in tools if shutil.which(tool, path=f"{root}/usr/bin:{studio}/.venv/bin")] == []
        assert not list(studio.glob(".venv/lib/python3*/site-packages/pip"))
        caches = ("root", "var/cache/apt", "var/lib/apt/lists", "build", "steps", "machine", "tmp", "run/secrets")
        left = [path for name in caches for path in (root / name).rglob("*") if path.is_file() and path.stat().st_size]
        assert {path.name for path in left} <= {".bashrc", ".profile"}
        kept = {path.name for path in studio.iterdir()}
        assert kept == {
            *(
                ".venv",
                "__pycache__",
                "collected",
                "health.py",
                "manage.py",
                "pyproject.toml",
                "requirements.txt",
                "sbom.cdx.json",
            ),
            *("static", "templates", "wanstudio"),
        }
        # Read-only as it runs: what was not compiled or collected now would be so at each start.
        sources = [path for path in (studio / "wanstudio").rglob("*.py") if path.stat().st_size]
        assert [path for path in sources if not list((path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"))] == []
        hashed = json.loads((studio / "collected" / "staticfiles.json").read_text())["paths"]
        assert (studio / "collected" / f"{hashed['css/app.css']}.br").exists()
        # Nothing in it is written by the account that runs it.
        assert [
            path
            for path in studio.rglob("*")
            if path.lstat().st_uid or (path.lstat().st_mode & 0o022 and not path.is_symlink())
        ] == []
    finally:
        podman("image", "unmount", "wanstudio")


def test_image_lists_what_is_inside_with_licences(podman: Podman) -> None:
    text = podman("run", "--rm", "--read-only", "--entrypoint", "cat", "wanstudio", "sbom.cdx.json")
    listed = {each["name"]: each for each in json.loads(text)["components"]}
    licences = {name: [one["license"]["name"] for one in each["licenses"]] for name, each in listed.items()}
    assert licences["libx264"] == licences["libx265"] == ["GPL-2.0-or-later"]
    assert licences["Django"] == ["BSD-3-Clause"]
    locked = re.findall(r"^([A-Za-z0-9_.-]+)==(\S+)", (ROOT / "requirements.txt").read_text(), re.M)
    named = {re.sub(r"[-_.]+", "-", name.lower()): each["version"] for name, each in listed.items()}
    other = {"colorama", "tzdata-legacy"}
    assert [name for name, version in locked if named.get(name, version) != version and name not in other] == []
    python = [name for name, each in listed.items() if each["purl"].startswith(("pkg:pypi", "pkg:deb"))]
    assert [name for name in python if not licences[name]] == []


# --- the container -------------------------------------------------------------------------------------


def test_first_video_is_made_in_the_container_and_plays(contained: Contained, person: Person, tmp_path: Path) -> None:
    job = person.make_sample()
    wait_until(lambda: state(contained, job) == "done", "the video is there", 120)
    video = contained.rows("SELECT id FROM wanstudio_video WHERE job_id = ?", job)[0][0]
    file = tmp_path / "video.mp4"
    file.write_bytes(person.get(f"/videos/{video}/file").content)
    with file.open("rb") as opened:
        facts, poster = verify_video(opened)
    assert facts.duration > 1
    assert poster


def test_account_of_the_container_can_do_nothing_but_write_its_two_places(contained: Contained) -> None:
    assert contained.inside("id", "-u") == (0, "10001")
    code, status = contained.inside("cat", "/proc/1/status")
    assert re.findall(r"CapEff:\s+(\w+)", status) == ["0" * 16]
    for place in ("/data/x", "/tmp/x"):
        assert contained.inside("touch", place) == (0, "")
    for place in (
        "/x",
        "/srv/wanstudio/x",
        "/etc/x",
        "/root/x",
        "/srv/wanstudio/wanstudio/x.py",
    ):
        code, said = contained.inside("touch", place)
        assert code != 0, place
        assert "Read-only file system" in said or "Permission denied" in said
    mounts = contained.inside("cat", "/proc/mounts")[1]
    assert re.search(r"^\S+ / \S+ ro[, ]", mounts, re.M)


def test_health_check_of_the_image_passes_while_the_studio_answers(contained: Contained) -> None:
    assert contained.podman.run("healthcheck", "run", contained.name).returncode == 0


def test_stop_within_its_grace_leaves_a_job_that_the_next_container_finishes(
    contained: Contained, person: Person, tmp_path: Path
) -> None:
    """The first container is compose's, the next one that of the commands for podman, on the same volume."""
    job = person.make_sample(prompt="[slow:6]")
    wait_until(lambda: state(contained, job) == "running", "it is under way", 60)
    assert contained.ends() == 0
    assert state(contained, job) == "running"
    following = Contained(contained.podman, tmp_path, "wanstudio")
    # As in a container with a network of its own, the address in the job's links stays.
    following.url = contained.url
    ports = f"-e PORT={contained.port} -e SANDBOX_PORT={contained.sandbox_port} "
    build, start, logs, status = commands("docs/install.md", "By podman or docker", {PUBLISHED: ports, **STRICT})
    assert build.startswith(f"podman build -f {CONTAINERFILE.relative_to(ROOT)} -t wanstudio")
    following.begin([start])
    wait_until(lambda: state(contained, job) != "running", "the next start goes on with it", 120)
    wait_until(lambda: state(contained, job) != "archiving", "it is ended", 120)
    assert state(contained, job) == "done"
    assert contained.rows("SELECT count(*) FROM wanstudio_attempt WHERE job_id = ?", job) == [(1,)]
    assert "Wan Studio is at" in run([logs], ROOT, contained.podman.env)
    assert contained.podman.run(*status.split()[1:]).stdout.count("\n") > 5
    # With nothing that an engine adds, these two are closed as well.
    assert [following.inside("touch", place)[0] for place in ("/run/x", "/var/tmp/x", "/tmp/x", "/data/x")] == [
        1,
        1,
        0,
        0,
    ]
    assert following.ends() == 0


# --- secrets -------------------------------------------------------------------------------------------


def test_secret_of_a_file_is_in_force_and_in_no_environment_and_no_log(
    contained: Contained, podman: Podman, tmp_path: Path
) -> None:
    """By the commands of the page, with a provider that does not answer."""
    studio, value = Contained(podman, tmp_path, "keyed"), "k3y-of-someone"
    ports = f"-e PORT={studio.port} -e APIXO_BASE_URL=http://127.0.0.1:9/api/v1 "
    lines = commands("docs/install.md", "Secrets", {PUBLISHED: ports, "--name wanstudio": "--name keyed", **STRICT})
    *before, start = lines
    run(before, tmp_path, {**os.environ, "APIXO_API_KEY": value})
    studio.begin([start], tmp_path)
    try:
        assert "the sandbox is used" not in studio.said(), "the key is in force"
        environments = podman("exec", "keyed", "sh", "-c", "cat /proc/[0-9]*/environ | tr '\\0' '\\n'; env")
        assert "APIXO_API_KEY_FILE=/run/secrets/apixo_api_key" in environments
        assert value not in environments + studio.said() + podman("inspect", "keyed")
    finally:
        podman("rm", "--force", "--time=10", "keyed")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("none", "cannot be read: No such file or directory"),
        ("closed", "cannot be read: Permission denied"),
        ("", "cannot be read: Is a directory"),
    ],
)
def test_secret_that_cannot_be_read_stops_the_start_with_one_sentence(
    podman: Podman, tmp_path: Path, name: str, why: str
) -> None:
    (tmp_path / "closed").write_text("of root alone")
    (tmp_path / "closed").chmod(0o400)
    tmp_path.chmod(0o755)
    options = (f"--volume={tmp_path}:/run/secrets:ro", f"--env=SECRET_KEY_FILE=/run/secrets/{name}")
    done = podman.run("run", "--rm", "--read-only", "--tmpfs=/tmp", *options, "wanstudio")
    lines = [line for line in done.stderr.splitlines() if "systemd" not in line]
    assert done.returncode == 1
    assert len(lines) == 1, lines
    assert why in lines[0]


# --- with PostgreSQL and RabbitMQ ----------------------------------------------------------------------


@pytest.mark.skipif(os.environ.get("INSTALL") != "whole", reason="make proof-install runs it: it takes half a minute")
def test_studio_of_several_machines_makes_a_video_with_postgresql_and_rabbitmq(podman: Podman, tmp_path: Path) -> None:
    """Its settings and its secrets are those of compose.several.yaml; only addresses differ."""
    studio = Contained(podman, tmp_path, "several")
    text = (ROOT / "deploy" / "compose.several.yaml").read_text().replace("!reset", "")
    settings = yaml.safe_load(text)["services"]["studio"]["environment"]
    with postgres() as database, rabbitmq() as broker:
        secrets = tmp_path / "secrets"
        run([f"sh deploy/secrets.sh {secrets}"], ROOT, os.environ)
        (secrets / "database_url").write_text(database.url)
        (secrets / "broker_url").write_text(broker.url)
        secrets.chmod(0o755)
        studio.env["DATABASE_URL"] = database.url
        given = {**settings, "PORT": str(studio.port), "SANDBOX_PORT": str(studio.sandbox_port)}
        variables = " ".join(f"--env={name}={value}" for name, value in given.items())
        options = f"--read-only --read-only-tmpfs=false --tmpfs=/tmp -v several:/data -v {secrets}:/run/secrets:ro"
        run([f"podman run -d --name several {options} {variables} wanstudio"], ROOT, podman.env)
        try:
            wait_until(studio.is_up, "it answers", STARTS_WITHIN_S)
            owner = f"manage.py {' '.join(OWNER)}"
            run([f"podman exec -e WANSTUDIO_PASSWORD={PASSWORD} several .venv/bin/python {owner}"], ROOT, podman.env)
            job = Person(studio).make_sample()
            wait_until(lambda: state(studio, job) == "done", "the video is there", 120)
            assert "beat started" in studio.said()
            assert studio.ends() == 0
        finally:
            podman.run("rm", "--force", "--time=10", "several")
            studio.close()
