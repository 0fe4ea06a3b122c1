/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* gethostname */
#include "tk_device.h"

#include "tk_mbedtls.h"
#include "tk_posix_private.h"

#include <errno.h>
#include <mbedtls/sha256.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { ID_DIGEST = 6 /* bytes of the digest in an id */ };

/* Returns 0 or errno: ENOENT if the file holds no id, as before the first start of a system. */
static int read_machine_id(const char *path, char *buf, size_t size)
{
    FILE *f = fopen(path, "re");

    if (f == NULL)
        return errno == ENOTDIR ? ENOENT : errno;
    bool is_read = fgets(buf, (int)size, f) != NULL;
    int err = is_read || !ferror(f) ? 0 : errno;

    fclose(f);
    buf[is_read ? strcspn(buf, "\n") : 0] = '\0';
    if (err == 0 && (buf[0] == '\0' || strcmp(buf, "uninitialized") == 0))
        return ENOENT;
    return err;
}

/* machine-id(5) asks for a digest instead of the id itself. */
void tk_posix_id_init(struct tk_port *port, const char *machine_id)
{
    char name[256] = "";
    uint8_t digest[32];

    port->id_error = read_machine_id(machine_id, name, sizeof name);
    if (port->id_error != 0)
        (void)gethostname(name, sizeof name - 1);
    (void)mbedtls_sha256((const unsigned char *)name, strlen(name), digest, 0);
    strcpy(port->id, "h-");
    for (int i = 0; i < ID_DIGEST; i++)
        snprintf(port->id + 2 + 2 * i, 3, "%02x", digest[i]);
}

int tk_posix_set_id(struct tk_port *port, const char *id)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-";
    size_t len = strlen(id);

    if (len < 4 || len > TK_POSIX_ID_MAX || strspn(id, letters) != len)
        return -1;
    memcpy(port->id, id, len + 1);
    port->id_error = 0;
    return 0;
}

const char *tk_device_id(struct tk_port *port)
{
    return port->id;
}

void tk_device_reboot(struct tk_port *port)
{
    port->reboot = true;
}

uint32_t tk_device_feed_watchdog(struct tk_port *port)
{
    (void)port;
    return UINT32_MAX; /* the process is left to its supervisor */
}

void tk_device_indicate(struct tk_port *port, int level)
{
    port->level = level;
}

const char *tk_device_metric(struct tk_port *port, unsigned index, uint32_t *value)
{
    static const char *const names[] = {"heap_peak", "resident_peak_kb"};
    struct tk_mbedtls_heap heap;
    struct rusage usage = {.ru_maxrss = 0};

    (void)port;
    if (index >= sizeof names / sizeof names[0])
        return NULL;
    tk_mbedtls_heap(&heap);
    (void)getrusage(RUSAGE_SELF, &usage);
    *value = index == 0 ? (uint32_t)heap.peak : (uint32_t)usage.ru_maxrss;
    return names[index];
}

int tk_device_key(struct tk_port *port, uint8_t out[TK_DEVICE_KEY_SIZE])
{
    if (!port->has_key)
        return -1;
    memcpy(out, port->key, TK_DEVICE_KEY_SIZE);
    return 0;
}
