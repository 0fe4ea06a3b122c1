#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Starts systemd as PID 1 on a copy of this machine's root, which is lost at its end. Its host
# name, users and services are its own; the network and the folder TREE are shared.
#
#     unshare -m -p -u -i -C -f --kill-child tests/e2e/machine.sh TREE
set -e
base=$(mktemp -d)
root=$base/root
mount --make-rprivate /
mount -t tmpfs -o size=1G overlay "$base"
mkdir "$base/changes" "$base/work" "$root"
mount -t overlay -o "lowerdir=/,upperdir=$base/changes,workdir=$base/work" overlay "$root"
mount -t proc proc "$root/proc"
# The kernel is shared: systemd must not set its parameters, load modules or handle its devices.
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 run "$root/run"
mount -t tmpfs -o mode=1777 tmp "$root/tmp"
mount -t tmpfs -o mode=755 dev "$root/dev"
for device in null zero full random urandom tty; do
    touch "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/shm" "$root/dev/pts" "$root/old"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
mkdir -p "$root$1"
mount --bind "$1" "$root$1"
ln -sf /dev/null "$root/etc/systemd/system/systemd-modules-load.service"
rm -rf "$root"/etc/systemd/system/*.wants "$root/var/lib/tokenkeeper"
cd "$root"
pivot_root . old
umount -l /old
mount --make-rshared /
exec env -i container=tokenkeeper PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    /lib/systemd/systemd --unit=basic.target --log-target=console --show-status=0
