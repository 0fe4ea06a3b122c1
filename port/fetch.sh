#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Downloads third-party source into a cache outside the source tree and prints its path.
#   port/fetch.sh CACHE_DIR mbedtls|lwip
#
# The source is the package of Debian trixie, with Debian's patches, from the mirror that apt on
# this machine uses. The configuration of apt is not changed, and apt verifies the signatures.
set -eu

cache=$1
name=$2
say() { echo "$name: $*" >&2; }

# For each: a header that identifies the tree, the series we support, and how to read the version.
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
*) say "unknown source"; exit 2 ;;
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
    # apt reports it once it has lists; before, it is read from the configuration.
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

command -v apt-get >/dev/null || { say "apt-get is missing: set -D$option=<tree>"; exit 1; }
command -v dpkg-source >/dev/null || { say "dpkg-source is missing: install dpkg-dev"; exit 1; }
from=$(mirror) || { say "no Debian mirror is configured for apt"; exit 1; }

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
*) say "found version $version, $series.x is required: set -D$option=<tree>"; exit 1 ;;
esac
mv -T tree "$cache/$name-$version" 2>/dev/null || true # another run may have been faster
found
say "cannot write to $cache"
exit 1
