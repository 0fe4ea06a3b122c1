/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stands in front of malloc and of sockets (LD_PRELOAD) and writes what it counted, as the process
 * ends, to the file $BENCH_METER: of the time between begin and end, or of the whole process.
 * Heap is counted in bytes as malloc hands them out, wire in bytes of TCP's payload, both ways.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define FDS 256

struct counts {
    long used, peak, allocations;
    long tx, rx, sends, trips;
};

static struct counts now, result;
static int is_ended;
static int is_tcp[FDS];
static int was_sent; /* nothing was received since the last send */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *p, size_t size);
void __libc_free(void *p);
void bench_meter_begin(void);
void bench_meter_end(void);

void bench_meter_begin(void)
{
    now = (struct counts){.used = now.used, .peak = now.used};
}

void bench_meter_end(void)
{
    result = now;
    is_ended = 1;
}

/* --- heap --- */

static void *added(void *p)
{
    if (p == NULL)
        return p;
    now.used += (long)malloc_usable_size(p);
    now.allocations++;
    if (now.used > now.peak)
        now.peak = now.used;
    return p;
}

static void removed(void *p)
{
    if (p != NULL)
        now.used -= (long)malloc_usable_size(p);
}

void *malloc(size_t size)
{
    return added(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
    return added(__libc_calloc(count, size));
}

void *realloc(void *p, size_t size)
{
    removed(p);
    return added(__libc_realloc(p, size));
}

void free(void *p)
{
    removed(p);
    __libc_free(p);
}

/* --- sockets --- */

static int counts(int fd)
{
    return fd >= 0 && fd < FDS && is_tcp[fd];
}

static ssize_t sent(int fd, ssize_t n)
{
    if (n <= 0 || !counts(fd))
        return n;
    now.tx += n;
    now.sends++;
    was_sent = 1;
    return n;
}

static ssize_t received(int fd, ssize_t n)
{
    if (n <= 0 || !counts(fd))
        return n;
    now.rx += n;
    now.trips += was_sent;
    was_sent = 0;
    return n;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int connect(int fd, const struct sockaddr *to, socklen_t len)
{
    if (fd >= 0 && fd < FDS)
        is_tcp[fd] = to->sa_family == AF_INET;
    if (counts(fd)) {
        now.trips++;
        was_sent = 0;
    }
    return NEXT(connect)(fd, to, len);
}

int close(int fd)
{
    if (fd >= 0 && fd < FDS)
        is_tcp[fd] = 0;
    return NEXT(close)(fd);
}

ssize_t send(int fd, const void *data, size_t len, int flags)
{
    return sent(fd, NEXT(send)(fd, data, len, flags));
}

ssize_t write(int fd, const void *data, size_t len)
{
    return sent(fd, NEXT(write)(fd, data, len));
}

ssize_t recv(int fd, void *buf, size_t size, int flags)
{
    return received(fd, NEXT(recv)(fd, buf, size, flags));
}

ssize_t read(int fd, void *buf, size_t size)
{
    return received(fd, NEXT(read)(fd, buf, size));
}

/* --- the report --- */

static long peak_rss_kb(void)
{
    char text[4096], *at;
    int fd = open("/proc/self/status", O_RDONLY);
    ssize_t len = fd < 0 ? 0 : read(fd, text, sizeof text - 1);

    if (fd >= 0)
        close(fd);
    text[len < 0 ? 0 : len] = '\0';
    at = strstr(text, "VmHWM:");
    return at == NULL ? 0 : strtol(at + 6, NULL, 10);
}

__attribute__((destructor)) static void report(void)
{
    const char *path = getenv("BENCH_METER");
    int fd;

    if (!is_ended)
        bench_meter_end();
    fd = path == NULL ? -1 : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return;
    dprintf(fd, "{\"heap\": %ld, \"allocations\": %ld, \"tx\": %ld, \"rx\": %ld, ", result.peak,
            result.allocations, result.tx, result.rx);
    dprintf(fd, "\"sends\": %ld, \"trips\": %ld, \"rss_kb\": %ld}\n", result.sends, result.trips,
            peak_rss_kb());
    close(fd);
}
