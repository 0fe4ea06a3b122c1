#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Puts the source of mbedTLS 3.6 into a cache outside the sources and prints where it is.
#   port/mbedtls/fetch.sh CACHE_DIR
#
# It is Debian trixie's source package, with Debian's patches. The mirror is the one that this
# machine's own apt uses; its configuration is not touched, and apt checks the signatures.
set -eu

cache=$1
name=mbedtls
series=3.6

found() {
    for dir in "$cache/$name-$series".*/; do
        [ -f "$dir/include/mbedtls/build_info.h" ] && echo "${dir%/}" && exit 0
    done
    return 0
}
found

say() { echo "$name: $*" >&2; }

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

command -v apt-get >/dev/null || { say "no apt here: give -DTK_MBEDTLS_DIR=<tree>"; exit 1; }
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

version=$(sed -n 's/^#define MBEDTLS_VERSION_STRING *"\(.*\)"/\1/p' tree/include/mbedtls/build_info.h)
case $version in
"$series".*) ;;
*) say "the suite serves $version, and this needs $series.x: give -DTK_MBEDTLS_DIR=<tree>"; exit 1 ;;
esac
mv -T tree "$cache/$name-$version" 2>/dev/null || true # another run may have been first
found
say "cannot write to $cache"
exit 1
