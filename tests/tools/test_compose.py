"""Compose files: what they name exists, in the settings, in deploy/nginx.conf and in what deploy/secrets.sh makes."""

import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from tests.e2e.studio import ROOT
from wanstudio.operations.supervisor import GRACE_S
from wanstudio.settings_databases import database
from wanstudio.settings_files import SUFFIX

DEPLOY = ROOT / "deploy"
FILES = {"alone": ("compose.yaml",), "several": ("compose.yaml", "compose.several.yaml")}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """With a podman that has a version and nothing else: podman-compose asks for it before it reads a file."""
    folder = tmp_path_factory.mktemp("bin")
    (folder / "podman").write_text("#!/bin/sh\necho podman version 5.0.0\n")
    (folder / "podman").chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


@pytest.fixture(scope="module", params=FILES)
def composed(request: pytest.FixtureRequest, path: str) -> dict[str, Any]:
    """The files of one way as podman-compose reads them together."""
    files = [word for name in FILES[request.param] for word in ("-f", str(DEPLOY / name))]
    done = subprocess.run(
        [sys.executable, "-m", "podman_compose", *files, "config"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PATH": path},
    )
    # What a later file takes away stays written as that.
    text = re.sub(r"!(reset|override) ''", "[]", done.stdout)
    return dict(yaml.safe_load(text)["services"])


def test_services_are_the_studio_alone_or_with_what_a_large_team_needs(composed: dict[str, Any]) -> None:
    assert set(composed) in ({"studio"}, {"studio", "worker", "database", "broker", "proxy"})


def test_variables_of_the_studio_are_settings(composed: dict[str, Any]) -> None:
    known = set((ROOT / "tests" / "contract" / "settings.txt").read_text().split())
    for name in composed.keys() & {"studio", "worker"}:
        given = {variable.removesuffix(SUFFIX) for variable in composed[name]["environment"]}
        assert given <= known


def test_studio_and_proxy_can_write_nothing_but_their_places_and_have_no_rights(composed: dict[str, Any]) -> None:
    for name in composed.keys() & {"studio", "worker", "proxy"}:
        service = composed[name]
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        assert service["security_opt"] == ["no-new-privileges"]
        writable = [each for each in service["volumes"] if not each.endswith(":ro")]
        assert writable == ([] if name == "proxy" else ["data:/data"])


def test_every_service_is_started_again_and_has_the_time_to_stop(composed: dict[str, Any]) -> None:
    assert {service["restart"] for service in composed.values()} == {"unless-stopped"}
    for name, service in composed.items():
        if name != "proxy":
            assert int(service["stop_grace_period"].removesuffix("s")) > GRACE_S


def test_what_a_service_waits_for_has_a_health_check(composed: dict[str, Any]) -> None:
    image = (DEPLOY / "Containerfile").read_text()
    for service in composed.values():
        for name, condition in service.get("depends_on", {}).items():
            assert condition["condition"] == "service_healthy"
            assert "test" in composed[name].get("healthcheck", {}) or (name == "studio" and "HEALTHCHECK" in image)


def test_images_of_others_are_pinned_by_their_major_version_and_name_no_registry(composed: dict[str, Any]) -> None:
    others = [service["image"] for name, service in composed.items() if name not in ("studio", "worker")]
    assert [image for image in others if not re.fullmatch(r"[a-z]+:\d+", image)] == []


def test_base_of_the_image_names_no_registry() -> None:
    used = re.findall(r"^(?:FROM|ARG BASE=)\s*(\S+)", (DEPLOY / "Containerfile").read_text(), re.M)
    assert used == ["debian:bookworm-slim", "${BASE}", "python", "python"]


def test_nginx_of_the_container_finds_the_studio_the_media_and_its_certificate() -> None:
    text = (DEPLOY / "compose.several.yaml").read_text().replace("!reset", "")
    several = yaml.safe_load(text)
    proxy, nginx = several["services"]["proxy"], (DEPLOY / "nginx.conf").read_text()
    old, new = re.findall(r"s/(.*?)/(.*?)/", proxy["command"][2])[0]
    assert nginx.count(old) == 1
    address = several["services"]["studio"]["networks"]["front"]["ipv4_address"]
    assert new == f"server {address}:8000;"
    own = proxy["networks"]["front"]["ipv4_address"]
    assert several["services"]["studio"]["environment"]["WANSTUDIO_TRUSTED_PROXIES"] == own
    paths = [secret["target"] for secret in proxy["secrets"]] + [
        volume.split(":")[1] for volume in proxy["volumes"] if volume.startswith("data:")
    ]
    assert [path for path in paths if path not in nginx] == []
    cached = re.findall(r"proxy_cache_path (\S+)", nginx)
    assert cached
    assert [path for path in cached if path not in proxy["tmpfs"]] == []


def test_passwords_are_made_once_and_each_side_gets_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    command = ["sh", str(DEPLOY / "secrets.sh"), str(folder)]
    first = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    made = {path.name: path.read_text().strip() for path in folder.iterdir()}
    again = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert (first, "Nothing was changed" in again) == (f"Passwords are in {folder}.\n", True)
    assert {path.name: path.read_text().strip() for path in folder.iterdir()} == made
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    settings = database(made["database_url"])
    assert (settings["PASSWORD"], settings["HOST"]) == (made["database_password"], "database")
    broker = urlsplit(made["broker_url"])
    assert made["broker.conf"].split("\n")[1] == f"default_pass = {broker.password}"
    assert len({made["database_password"], broker.password}) == 2
    assert all(len(each or "") == 48 for each in (made["database_password"], broker.password))
    text = (DEPLOY / "compose.several.yaml").read_text()
    named = set(re.findall(r"file: secrets/(\S+)", text))
    assert named == {*made, "certificate.pem", "certificate.key"}
