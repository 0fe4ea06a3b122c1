#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Puts the source of a third party into a cache outside the sources and prints where it is.
#   port/fetch.sh CACHE_DIR mbedtls|lwip
#
# It is Debian trixie's source package, with Debian's patches. The mirror is the one that this
# machine's own apt uses; its configuration is not touched, and apt checks the signatures.
set -eu

cache=$1
name=$2
say() { echo "$name: $*" >&2; }

# A file that every tree of it has, the version we are written for, and how a tree tells its own.
case $name in
mbedtls)
    option=TK_MBEDTLS_DIR series=3.6 header=include/mbedtls/build_info.h
    version_of() { sed -n 's/^#define MBEDTLS_VERSION_STRING *"\(.*\)"/\1/p' "$1/$header"; }
    ;;
lwip)
    option=TK_LWIP_DIR series=2.2 header=src/include/lwip/init.h
    version_of() {
        sed -n 's/^#define LWIP_VERSION_\(MAJOR\|MINOR\|REVISION\) *\([0-9]*\).*/\2/p' "$1/$header" |
            paste -s -d .
    }
    ;;
*) say "not known here"; exit 2 ;;
esac

found() {
    for dir in "$cache/$name-$series".*/; do
        [ -f "$dir/$header" ] && echo "${dir%/}" && exit 0
    done
    return 0
}
found

mirror() {
    . /etc/os-release
    # Once apt has lists, it tells itself; before, its configuration does.
    apt-get indextargets --format '$(REPO_URI)' 'Label: Debian' "Codename: $VERSION_CODENAME" |
        head -n 1 | grep . && return
    cat /etc/apt/sources.list.d/*.sources 2>/dev/null | awk -v codename="$VERSION_CODENAME" '
        function done_with() { if (uri != "" && wanted) { print uri; exit } uri = ""; wanted = 0 }
        /^$/ { done_with() }
        /^URIs:/ { uri = $2 }
        /^Suites:/ { for (i = 2; i <= NF; i++) if ($i == codename) wanted = 1 }
        END { done_with() }' | head -n 1 | grep . && return
    sed -n "s/^deb \(\[[^]]*\] \)*\([^ ]*\) $VERSION_CODENAME .*/\2/p" /etc/apt/sources.list |
        head -n 1 | grep .
}

command -v apt-get >/dev/null || { say "no apt here: give -D$option=<tree>"; exit 1; }
command -v dpkg-source >/dev/null || { say "dpkg-source is missing: install dpkg-dev"; exit 1; }
from=$(mirror) || { say "apt has no Debian mirror configured"; exit 1; }

mkdir -p "$cache"
work=$(mktemp -d "$cache/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
cd "$work"
mkdir -p lists/partial cache/archives/partial
echo "deb-src $from trixie main" >source.list
apt() {
    apt-get -q -o Dir::Etc::SourceList="$work/source.list" -o Dir::Etc::SourceParts=/dev/null \
        -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache" -o APT::Sandbox::User="$(id -un)" "$@" >&2
}
say "fetching the source package"
apt update
apt source --download-only "$name"
dpkg-source --no-check -x "$name"_*.dsc tree >&2

version=$(version_of tree)
case $version in
"$series".*) ;;
*) say "the suite serves $version, and this needs $series.x: give -D$option=<tree>"; exit 1 ;;
esac
mv -T tree "$cache/$name-$version" 2>/dev/null || true # another run may have been first
found
say "cannot write to $cache"
exit 1
