# Shared by the scripts in ops/: messages, packages, ports, processes. Sourced, never run.
# shellcheck shell=bash

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
POSTGRES_BIN=$(find /usr/lib/postgresql -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -1)
export ROOT

say() { printf '%s\n' "$*"; }
warn() { printf '%s\n' "$*" >&2; }
die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# Programs of Debian 12 and the package each comes in.
declare -A PACKAGE_OF=(
    [pgbouncer]=pgbouncer [redis-server]=redis-server [prometheus]=prometheus [promtool]=prometheus
    [prometheus-alertmanager]=prometheus-alertmanager [amtool]=prometheus-alertmanager
    [shellcheck]=shellcheck [curl]=curl [python3]=python3 [openssl]=openssl [fuser]=psmisc [git]=git
    [chromium]=chromium [chromedriver]=chromium-driver
)

# missing_packages PROGRAM…: the Debian packages that are needed and not installed, one a line.
missing_packages() {
    local program
    for program in "$@"; do
        case $program in
        postgres) [ -n "$POSTGRES_BIN" ] && [ -x "$POSTGRES_BIN/postgres" ] || echo postgresql ;;
        aiosmtpd) /usr/bin/python3 -c 'import aiosmtpd' 2>/dev/null || echo python3-aiosmtpd ;;
        venv) /usr/bin/python3 -c 'import ensurepip' 2>/dev/null || echo python3-venv ;;
        *-dev | fonts-*) [ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$program" 2>/dev/null)" = "ii " ] || echo "$program" ;;
        *) command -v "$program" >/dev/null 2>&1 || echo "${PACKAGE_OF[$program]:-$program}" ;;
        esac
    done | sort -u
}

# install_packages PACKAGE…: says what it will install, installs it, and leaves no server of it running.
install_packages() {
    [ $# -gt 0 ] || return 0
    local elevate=()
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || die "these Debian packages are missing: $* — install them as root: apt-get install $*"
        elevate=(sudo)
    fi
    say "Installing from Debian: $*"
    # A package must not start its server while it is installed: ours run privately, on their own data.
    local policy=/usr/sbin/policy-rc.d made=no
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' | "${elevate[@]}" tee $policy >/dev/null
        "${elevate[@]}" chmod 755 $policy
        made=yes
    fi
    local log
    log=$(mktemp)
    local ok=yes
    "${elevate[@]}" apt-get update -qq >"$log" 2>&1 || warn "apt-get update failed; using the lists that are there"
    "${elevate[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >>"$log" 2>&1 || ok=no
    [ $made = no ] || "${elevate[@]}" rm -f $policy
    if [ -d /run/systemd/system ]; then
        local unit
        for unit in "$@"; do
            "${elevate[@]}" systemctl disable --now "$unit" >/dev/null 2>&1 || true
        done
    fi
    if [ $ok = no ]; then
        tail -20 "$log" >&2
        rm -f "$log"
        die "apt-get could not install: $*"
    fi
    rm -f "$log"
    POSTGRES_BIN=$(find /usr/lib/postgresql -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -1)
}

need_swift() {
    command -v swift >/dev/null 2>&1 && return 0
    die "no Swift toolchain found. Plimsoll needs Swift 6.2 or newer: see https://www.swift.org/install/linux/ (Debian 12), then put its usr/bin on PATH"
}

port_is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

free_port() {
    local port
    for _ in $(seq 200); do
        # Below 32768, from where the kernel takes the ports of outgoing connections.
        port=$((20000 + RANDOM % 12000))
        if port_is_free "$port"; then
            echo "$port"
            return 0
        fi
    done
    die "no free port found between 20000 and 32000"
}

# await SECONDS WHAT COMMAND…: until the command succeeds.
await() {
    local limit=$1 what=$2 end
    shift 2
    end=$((SECONDS + limit))
    until "$@" >/dev/null 2>&1; do
        if [ $SECONDS -ge $end ]; then
            warn "$what: not within $limit s"
            return 1
        fi
        sleep 0.1
    done
}

# as_user USER COMMAND…: servers refuse to run as root; anybody else runs them as themselves.
as_user() {
    local user=$1
    shift
    if [ "$(id -u)" = 0 ]; then
        setpriv --reuid="$user" --regid="$user" --init-groups --inh-caps=-all -- env HOME=/tmp "$@"
    else
        "$@"
    fi
}

new_secret() { head -c 24 /dev/urandom | base64 | tr -d '/+=\n' | head -c 32; }

# secret FILE: makes it once, readable by its owner alone, and prints it.
secret() {
    if [ ! -s "$1" ]; then
        (umask 077 && mkdir -p "$(dirname "$1")" && new_secret >"$1")
    fi
    cat "$1"
}

# Closes what this shell inherited beyond the standard three. A server that kept such a descriptor would keep whoever
# waits for our end by it waiting for ever.
close_inherited() {
    local descriptor
    for descriptor in "/proc/$BASHPID/fd/"*; do
        descriptor=${descriptor##*/}
        case $descriptor in 0 | 1 | 2 | 255) ;; *) eval "exec $descriptor>&-" 2>/dev/null || true ;; esac
    done
}

# detached COMMAND…: without the descriptors this shell inherited.
detached() {
    (
        close_inherited
        "$@"
    )
}

# gone PID: it has ended, even if nobody has collected it yet.
gone() { ! kill -0 "$1" 2>/dev/null || grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2>/dev/null; }
