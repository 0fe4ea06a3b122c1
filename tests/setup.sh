# SPDX-License-Identifier: Apache-2.0
#
# Sourced by the scripts in tests/ and its folders: the working directory, and required packages.

PATH=${PATH:-/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin}
HOME=${HOME:-$(getent passwd "$(id -u)" | cut -d: -f6)}
LC_ALL=C.UTF-8
PYTHONDONTWRITEBYTECODE=1
export PATH HOME LC_ALL PYTHONDONTWRITEBYTECODE
cd "$(dirname "$0")" || exit 1
while [ ! -e CMakePresets.json ] && [ "$PWD" != / ]; do cd ..; done

say() { printf '== %s\n' "$*"; }

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# Installs the missing ones of these packages, without starting their services.
need() {
    missing=
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
            missing="$missing $package"
    done
    [ -z "$missing" ] && return
    say "installing:$missing"
    policy=/usr/sbin/policy-rc.d
    [ -e $policy ] || own_policy=yes
    [ -z "${own_policy:-}" ] || printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
    [ -z "${own_policy:-}" ] || as_root chmod 755 $policy
    as_root apt-get -qq update &&
        # shellcheck disable=SC2086 # a list of words
        as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends \
            $missing >/dev/null
    status=$?
    [ -z "${own_policy:-}" ] || as_root rm -f $policy
    return $status
}

# Installs what builds the host program.
need_to_build() {
    need gcc libc6-dev cmake ninja-build libjsmn-dev dpkg-dev ca-certificates git python3 openssl
}
