#!/bin/sh
# Wan Studio as a service of this machine. The first installation and every upgrade are the same command, run as root in
# the checkout of the version that is wanted:
#
#   deploy/install.sh --url https://studio.example.com
#
# It says each thing that it does, changes only what is not yet so, and can be run again after anything went wrong.
# docs/install.md explains it.
set -eu
umask 022

usage() {
    cat <<'END'
deploy/install.sh [--url https://NAME] [--proxy nginx|caddy] [--backups DIR] [--worker]
deploy/install.sh --uninstall

  --url URL       the https address that people open; kept in /etc/wanstudio/env
  --proxy NAME    also puts the example of this proxy in place, for the name in the URL
  --backups DIR   where the nightly backup goes, instead of /var/backups/wanstudio
  --worker        a further machine: the worker only, no studio and no backup
  --uninstall     removes the service and the program; the data stay
END
}

say() { echo "wanstudio: $*"; }
die() { echo "wanstudio: $*" >&2; exit 1; }
refuse() { die "$* Nothing was changed."; }

URL='' PROXY='' BACKUPS='' UNIT=wanstudio UNINSTALL='' changed=''
while [ $# -gt 0 ]; do
    case $1 in --url | --proxy | --backups) [ $# -gt 1 ] || refuse "$1 needs a value." ;; esac
    case $1 in
        --url) URL=${2%/}; shift ;;
        --proxy) PROXY=$2; shift ;;
        --backups) BACKUPS=${2%/}; shift ;;
        --worker) UNIT=wanstudio-worker ;;
        --uninstall) UNINSTALL=yes ;;
        -h | --help) usage; exit 0 ;;
        *) usage >&2; refuse "$1 is no option." ;;
    esac
    shift
done
[ -z "$URL" ] || echo "$URL" | grep -Eqx 'https://[A-Za-z0-9.-]+(:[0-9]+)?' ||
    refuse "--url $URL is no address such as https://studio.example.com."
case $PROXY in '' | nginx | caddy) ;; *) refuse "--proxy is nginx or caddy." ;; esac
[ -z "$BACKUPS" ] || echo "$BACKUPS" | grep -Eqx '(/[A-Za-z0-9._-]+)+' ||
    refuse "--backups needs a whole path of letters, digits and . _ - only."
[ "$(id -u)" = 0 ] || refuse "run this as root: sudo deploy/install.sh."

SOURCE=$(cd "$(dirname "$0")/.." && pwd)
OPT=/opt/wanstudio DATA=/var/lib/wanstudio SETTINGS=/etc/wanstudio/env UNITS=/etc/systemd/system
PYTHON=${PYTHON:-/usr/bin/python3}

# --- each step ------------------------------------------------------------------------------------------------

systemd_runs() { [ -d /run/systemd/system ]; }

put() { # put MODE GROUP FILE [WHAT]: from standard input, if it differs; true if it was written
    new=$(mktemp "${3%/*}/.new.XXXXXX")
    # Here a disk that is full would not end the script, and half a file would take the place of a whole one.
    cat >"$new" || { rm -f "$new"; die "$3 could not be written. It is as it was."; }
    if cmp -s "$new" "$3"; then
        rm "$new"
        return 1
    fi
    chmod "$1" "$new"
    chgrp "$2" "$new"
    mv "$new" "$3"
    say "wrote ${4:-$3}"
}

folder() { # folder MODE OWNER PATH
    [ -d "$3" ] && return 0
    mkdir -p "$3"
    chmod "$1" "$3"
    chown "$2" "$3"
    say "made $3"
}

account() {
    id -u wanstudio >/dev/null 2>&1 && return 0
    useradd --system --user-group --home-dir "$DATA" --no-create-home --shell /usr/sbin/nologin wanstudio
    say "made the account wanstudio"
}

# A proxy that sends files is in the group wanstudio, so the settings have a group of their own: no other account reads a
# key.
readers() {
    id -nG wanstudio | tr ' ' '\n' | grep -qx wanstudio-settings || {
        getent group wanstudio-settings >/dev/null || groupadd --system wanstudio-settings
        usermod -aG wanstudio-settings wanstudio
        say "made the group wanstudio-settings"
    }
    for place in /etc/wanstudio $SETTINGS; do
        [ ! -e $place ] || [ "$(stat -c %G $place)" = wanstudio-settings ] || {
            chgrp wanstudio-settings $place
            say "$place can be read by the group wanstudio-settings alone"
            changed=yes
        }
    done
}

settings() {
    folder 0750 root:wanstudio-settings /etc/wanstudio
    folder 0700 wanstudio:wanstudio $DATA
    [ -e $SETTINGS ] || {
        cat "$SOURCE/.env.example"
        printf '\n# --- Set by deploy/install.sh ---\nWANSTUDIO_DATA=%s\n' $DATA
    } | put 0640 wanstudio-settings $SETTINGS
    [ -z "$URL" ] || setting WANSTUDIO_URL "$URL"
    [ -z "$URL" ] || [ -n "$(value WANSTUDIO_TRUSTED_PROXIES)" ] || setting WANSTUDIO_TRUSTED_PROXIES 127.0.0.1
    [ "$PROXY" != nginx ] || setting WANSTUDIO_ACCEL /media/
}

value() { sed -n "s/^$1=//p" $SETTINGS | tail -n 1; }

setting() { # setting NAME VALUE
    [ "$(value "$1")" = "$2" ] || { grep -v "^$1=" $SETTINGS; echo "$1=$2"; } | put 0640 wanstudio-settings $SETTINGS "$1=$2 into $SETTINGS"
}

# The program is a folder for each version, and `current` leads to one: an installation that fails changes nothing that
# runs, and the version before is one link away. The Python packages are in a folder for each lock.
program() {
    cd "$SOURCE"
    files=$(find manage.py requirements.txt pyproject.toml .env.example README.md CHANGELOG.md wanstudio templates static \
        docs deploy -type f ! -name '*.pyc' | LC_ALL=C sort)
    NAME=$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)-$(each "$files" sha256sum | sha256sum | cut -c1-10)
    release=$OPT/releases/$NAME
    folder 0755 root:root $OPT/releases
    folder 0755 root:root $OPT/packages
    packages
    [ ! -e "$release/.whole" ] || return 0
    rm -rf "$release"
    mkdir "$release"
    each "$files" cp --parents --target-directory="$release"
    ln -s $SETTINGS "$release/.env"
    ln -s "$VENV" "$release/.venv"
    chmod -R u=rwX,go=rX "$release"
    # The service cannot write there, and would compile at each start.
    "$VENV/bin/python" -m compileall -q "$release/wanstudio"
    touch "$release/.whole"
    say "put version $NAME into $release"
}

each() { # each LINES COMMAND…: the command with all lines as its last words
    lines=$1
    shift
    printf '%s\n' "$lines" | tr '\n' '\0' | xargs -0 "$@"
}

packages() {
    VENV=$OPT/packages/$({ cat requirements.txt; "$PYTHON" -VV; } | sha256sum | cut -c1-10)
    [ ! -e "$VENV/.whole" ] || return 0
    say "installing the Python packages…"
    rm -rf "$VENV"
    "$PYTHON" -m venv "$VENV"
    "$VENV/bin/python" -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r requirements.txt
    "$VENV/bin/python" -m pip check --disable-pip-version-check
    touch "$VENV/.whole"
    say "put its packages into $VENV"
}

manage() {
    put 0755 root /usr/local/sbin/wanstudio <<END || :
#!/bin/sh
# \`wanstudio status\`, \`wanstudio backup DIR\` and the other commands of manage.py, as the account of the service.
cd $OPT/current && exec runuser -u wanstudio -- .venv/bin/python manage.py "\$@"
END
}

units() {
    for unit in wanstudio.service wanstudio-worker.service wanstudio-backup.service wanstudio-backup.timer; do
        if put 0644 root $UNITS/$unit <"$SOURCE/deploy/systemd/$unit"; then changed=yes; fi
        case $unit in *.timer) continue ;; esac
        folder 0755 root:root $UNITS/$unit.d
        if put 0644 root $UNITS/$unit.d/hardening.conf <"$SOURCE/deploy/systemd/hardening.conf"; then changed=yes; fi
    done
    if [ -n "$BACKUPS" ]; then
        put 0644 root $UNITS/wanstudio-backup.service.d/folder.conf <<END && changed=yes
[Unit]
RequiresMountsFor=$BACKUPS
[Service]
ExecStart=
ExecStart=$OPT/current/.venv/bin/python manage.py backup $BACKUPS --keep 7d,4w,6m
ReadWritePaths=$BACKUPS
END
    fi
    [ "$UNIT" != wanstudio ] || folder 0700 wanstudio:wanstudio "${BACKUPS:-/var/backups/wanstudio}"
    [ -z "$changed" ] || ! systemd_runs || systemctl daemon-reload
}

start() {
    before=$(readlink $OPT/current || :)
    if [ "$before" != "releases/$NAME" ]; then
        # While nothing runs: no process loads one half of this version and one of that.
        if systemd_runs && systemctl --quiet is-active $UNIT; then
            systemctl stop $UNIT
            say "stopped $UNIT"
        fi
        ln -sfn "releases/$NAME" $OPT/current
        say "chose version $NAME${before:+; before it was ${before#releases/}}"
        changed=yes
    fi
    timer=''
    [ "$UNIT" != wanstudio ] || timer=wanstudio-backup.timer
    systemctl --quiet enable $UNIT $timer
    say "enabled $UNIT $timer"
    if ! systemd_runs; then
        say "no systemd runs here: they start with the machine"
        return 0
    fi
    [ -z "$timer" ] || systemctl start $timer
    if [ -n "$changed$(newer)" ] || ! systemctl --quiet is-active $UNIT; then
        systemctl restart $UNIT
        say "started $UNIT"
    fi
    [ "$UNIT" != wanstudio ] || wait_for_studio
}

# Says yes if the settings were written after the service was started.
newer() {
    began=$(systemctl show --value -p ActiveEnterTimestamp $UNIT)
    [ -z "$began" ] || [ "$(stat -c %Y $SETTINGS)" -lt "$(date -d "$began" +%s)" ] || echo yes
}

# As long as it takes: a migration of a large database comes first. A service that ends again and again is given up.
wait_for_studio() {
    say "waiting until the studio answers…"
    until $OPT/current/.venv/bin/python -c 'import sys, urllib.request as ask; ask.urlopen(sys.argv[1], timeout=5)' \
        "http://127.0.0.1:$(value PORT | grep . || echo 8000)/readyz" 2>/dev/null; do
        [ "$(systemctl show --value -p NRestarts wanstudio)" -lt 2 ] || {
            journalctl --unit wanstudio --output cat --lines 10 >&2 || :
            die "the studio does not start; its last words are above. Mend the cause and run this again. The version before" \
                "was ${before#releases/}: docs/upgrade.md says how to go back."
        }
        sleep 0.5
    done
    say "the studio runs at $(value WANSTUDIO_URL | grep . || echo "http://127.0.0.1:$(value PORT | grep . || echo 8000)")"
    [ ! -e $DATA/setup-code ] || say "make the owner there; the setup code is $(cat $DATA/setup-code)"
}

# The two newest versions beside this one stay, and the packages of all of them.
clean() {
    cd $OPT/releases
    ls -1td -- */ | tr -d / | grep -vx "$NAME" | tail -n +3 | while read -r old; do
        rm -rf "${old:?}"
        say "removed version $old"
    done
    for old in $OPT/packages/*; do
        readlink $OPT/releases/*/.venv | grep -qx "$old" || rm -rf "$old"
    done
}

proxy() {
    host=$(value WANSTUDIO_URL | sed 's#^https://##')
    [ -n "$host" ] || die "--proxy needs the name that people open: say --url https://studio.example.com, too."
    case $PROXY in
        nginx) example=nginx.conf file=/etc/nginx/conf.d/wanstudio.conf ;;
        caddy) example=Caddyfile file=/etc/caddy/wanstudio.caddyfile ;;
    esac
    [ -d "${file%/*}" ] || die "$PROXY is not installed. Install it (apt-get install $PROXY) and run this again."
    if [ -e $file ]; then
        say "$file is there and stays as it is; the example of this version is $SOURCE/deploy/$example"
    else
        sed "s/studio\.example\.com/$host/g" "$SOURCE/deploy/$example" | put 0644 root $file
    fi
    # It is read from the next restart on: a running process keeps its groups.
    [ "$PROXY" != nginx ] || usermod -aG wanstudio www-data
    if [ "$PROXY" = caddy ] && ! grep -qs 'import wanstudio.caddyfile' /etc/caddy/Caddyfile; then
        echo 'import wanstudio.caddyfile' >>/etc/caddy/Caddyfile
        say "added it to /etc/caddy/Caddyfile"
    fi
    systemd_runs || return 0
    if systemctl restart "$PROXY"; then
        say "restarted $PROXY"
    else
        say "$PROXY does not start with it: journalctl -u $PROXY says why. For nginx, name your certificate in $file."
    fi
}

uninstall() {
    for unit in wanstudio.service wanstudio-worker.service wanstudio-backup.timer wanstudio-backup.service; do
        [ -e $UNITS/$unit ] || continue
        ! systemd_runs || systemctl --quiet stop $unit
        systemctl --quiet disable $unit 2>/dev/null || :
        rm -rf "${UNITS:?}/$unit" "${UNITS:?}/$unit.d"
        say "stopped and removed $unit"
    done
    ! systemd_runs || systemctl daemon-reload
    rm -rf $OPT /usr/local/sbin/wanstudio
    say "removed the program. Kept: $DATA (database, media, keys), /etc/wanstudio, backups, the account wanstudio."
    say "To delete these for good: rm -r $DATA /etc/wanstudio /var/backups/wanstudio; userdel wanstudio; groupdel wanstudio-settings"
}

# --- what is done ---------------------------------------------------------------------------------------------

if [ -n "$UNINSTALL" ]; then
    uninstall
    exit
fi
"$PYTHON" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
    refuse "$PYTHON is not Python 3.11 or later with venv. Install it (Debian, Ubuntu: apt-get install python3-venv), or" \
        "name one that every account can run: PYTHON=/usr/bin/python3.12 deploy/install.sh."
account
readers
settings
program
manage
units
[ -z "$PROXY" ] || proxy
start
clean
