#!/bin/sh
# Steps that make the root file system of the image, each run as root inside Debian by deploy/Containerfile:
#
#   build-root.sh system      Python and the account that the studio runs as
#   build-root.sh packages    the locked Python packages; nothing is compiled, and no compiler is there
#   build-root.sh studio      what is collected and compiled of the studio's own files
#   build-root.sh contents    the list of all that is inside, with licences
set -eu
umask 022
export DEBIAN_FRONTEND=noninteractive
steps=$(dirname "$(readlink -f "$0")")
studio=/srv/wanstudio
data=/data
account=10001

install_packages() {
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "$@"
    rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/apt /var/log/dpkg.log \
        /var/log/alternatives.log
}

case "$1" in
system)
    # ca-certificates: who a mail server or a database is, is asked of the system.
    install_packages python3 ca-certificates
    groupadd --gid "$account" studio
    useradd --uid "$account" --gid "$account" --no-create-home --home-dir "$data" --shell /usr/sbin/nologin studio
    install -d -o "$account" -g "$account" -m 0700 "$data"
    # Where secrets are mounted: on a read-only root no engine can make it.
    install -d -m 0755 /run/secrets
    ;;
packages)
    install_packages python3-venv
    # This pip installs into the other environment, which is the one that the image gets, and has none.
    python3 -m venv /build/pip
    python3 -m venv --without-pip "$studio/.venv"
    pip="/build/pip/bin/python -m pip --python $studio/.venv/bin/python --disable-pip-version-check"
    $pip install --quiet --no-deps --require-hashes --only-binary :all: --requirement "$studio/requirements.txt"
    $pip check
    ;;
studio)
    cd "$studio"
    # The root is read-only when the studio runs: nothing can be compiled or collected there then.
    .venv/bin/python -m compileall -q --invalidation-mode unchecked-hash manage.py wanstudio
    WANSTUDIO_DATA=/build/data .venv/bin/python "$steps/collect.py"
    mv /build/data/static collected
    chmod -R u=rwX,go=rX "$studio"
    ;;
contents)
    "$studio/.venv/bin/python" "$steps/contents.py" >"$studio/sbom.cdx.json"
    ;;
*)
    echo "build-root.sh: no step is called $1" >&2
    exit 2
    ;;
esac
