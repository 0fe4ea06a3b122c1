/* SPDX-License-Identifier: Apache-2.0 */

/*
 * For LD_PRELOAD with Chromium: the terminal $TK_SERIAL is a USB serial port.
 *
 * Chromium lists the devices of /sys/class/tty that udev describes and whose driver is of type
 * serial, then opens DEVNAME. No udev runs on a test machine: here ttyS0 is described, as a USB
 * adapter whose device is $TK_SERIAL. The real ttyS0 is never opened.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

struct udev_device;

#define DRESSED "ttyS0"

static const char *const properties[][2] = {
    {"ID_BUS", "usb"},           {"ID_VENDOR_ID", "0403"},        {"ID_MODEL_ID", "6001"},
    {"ID_MODEL_ENC", "gateway"}, {"ID_SERIAL_SHORT", "TK000001"},
};

const char *udev_device_get_property_value(struct udev_device *device, const char *key)
{
    const char *(*next)(struct udev_device *, const char *) =
        (const char *(*)(struct udev_device *, const char *))dlsym(RTLD_NEXT, __func__);
    const char *(*name_of)(struct udev_device *) =
        (const char *(*)(struct udev_device *))dlsym(RTLD_NEXT, "udev_device_get_sysname");
    const char *serial = getenv("TK_SERIAL");
    const char *name = name_of(device);

    if (serial == NULL || name == NULL || strcmp(name, DRESSED) != 0)
        return next(device, key);
    if (strcmp(key, "DEVNAME") == 0)
        return serial;
    for (size_t i = 0; i < sizeof properties / sizeof properties[0]; i++) {
        if (strcmp(key, properties[i][0]) == 0)
            return properties[i][1];
    }
    return next(device, key);
}
