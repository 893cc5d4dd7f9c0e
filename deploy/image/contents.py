"""Contents of the image as CycloneDX JSON: packages of Debian and Python, libraries within wheels, and licences."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path

# What wheels carry beside their own code names no licence in their metadata. These are those that ask for more than a
# notice; https://www.gnu.org/licenses says what.
WITHIN_WHEELS = {
    "libx264": "GPL-2.0-or-later",
    "libx265": "GPL-2.0-or-later",
    "libheif": "LGPL-3.0-or-later",
    "libde265": "LGPL-3.0-or-later",
    "libgnutls": "LGPL-2.1-or-later",
    "libmp3lame": "LGPL-2.0-or-later",
    **{f"lib{name}": "LGPL-3.0-or-later" for name in ("avcodec", "avdevice", "avfilter", "avformat", "avutil")},
    **{f"lib{name}": "LGPL-3.0-or-later" for name in ("swscale", "swresample")},
}
Component = dict[str, object]


def component(kind: str, name: str, version: str, purl: str, licence: str) -> Component:
    licences = [{"license": {"name": licence}}] if licence else []
    return {"type": kind, "name": name, "version": version, "purl": purl, "licenses": licences}


def of_debian() -> Iterator[Component]:
    form = "${Package}\t${Version}\t${Architecture}\n"
    command = ["/usr/bin/dpkg-query", "-W", "-f", form]
    listed = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 (constants)
    for line in listed.stdout.splitlines():
        name, version, architecture = line.split("\t")
        notice = Path(f"/usr/share/doc/{name}/copyright")
        text = notice.read_text(errors="replace") if notice.exists() else ""
        licences = dict.fromkeys(re.findall(r"^License:[ \t]*(\S.*)$", text, re.M))
        licence = ", ".join(licences) or (f"see {notice}" if text else "")
        yield component("library", name, version, f"pkg:deb/debian/{name}@{version}?arch={architecture}", licence)


def of_python() -> Iterator[Component]:
    for package in sorted(distributions(), key=lambda found: found.name.lower()):
        purl = f"pkg:pypi/{package.name.lower().replace('_', '-')}@{package.version}"
        yield component("library", package.name, package.version, purl, licence_of(package))


def licence_of(package: Distribution) -> str:
    about = package.metadata
    named = about.get("License-Expression") or ""
    kinds = [kind.rpartition(" :: ")[2] for kind in about.get_all("Classifier") or () if kind.startswith("License ::")]
    written = (about.get("License") or "").strip().partition("\n")[0]
    return named or ", ".join(kinds) or written


def within_wheels() -> Iterator[Component]:
    for library in sorted(Path(sys.prefix).glob("lib/python*/site-packages/*.libs/*.so*")):
        name = re.split(r"[-.]", library.name)[0]
        wheel = library.parent.name.removesuffix(".libs")
        version = library.name.partition(".so.")[2]
        found = component("library", name, version, f"pkg:generic/{name}@{version}", WITHIN_WHEELS.get(name, ""))
        yield {**found, "description": f"in the wheel of {wheel}"}


def main() -> None:
    components = [*of_debian(), *of_python(), *within_wheels()]
    listed = {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": components}
    json.dump(listed, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
