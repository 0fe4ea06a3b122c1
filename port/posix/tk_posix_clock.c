/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* CLOCK_BOOTTIME */
#include "tk_clock.h"

#include "tk_mbedtls.h"
#include "tk_posix_private.h"

#include <time.h>
#if defined(__linux__)
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <unistd.h>
#endif

#define CHECK_MS 1000 /* between two questions whether the clock is synchronized */

/* CLOCK_BOOTTIME advances while the machine is suspended. */
static int read_clock(struct timespec *now)
{
#if defined(CLOCK_BOOTTIME)
    if (clock_gettime(CLOCK_BOOTTIME, now) == 0)
        return 0;
#endif
    return clock_gettime(CLOCK_MONOTONIC, now);
}

uint64_t tk_posix_now_ms(void)
{
    struct timespec now = {0, 0};

    (void)read_clock(&now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t tk_clock_now_ms(struct tk_port *port)
{
    (void)port;
    return tk_posix_now_ms();
}

/* What the kernel says, which NTP clients tell it. A sandbox may forbid the question (systemd's
 * ProtectClock): then what systemd-timesyncd leaves in /run, which a boot empties. */
static bool is_synchronized(void)
{
#if defined(__linux__)
    struct timex state = {.modes = 0};

    return adjtimex(&state) != -1 ? (state.status & STA_UNSYNC) == 0
                                  : access("/run/systemd/timesync/synchronized", F_OK) == 0;
#else
    return false;
#endif
}

/* Once it was, the tick tells core if it is set back. */
static bool was_synchronized(struct tk_port *port)
{
    uint64_t now_ms = tk_posix_now_ms();

    if (!port->clock_synchronized && now_ms >= port->clock_checked_ms + CHECK_MS) {
        port->clock_checked_ms = now_ms;
        port->clock_synchronized = is_synchronized();
    }
    return port->clock_synchronized;
}

enum tk_time_quality tk_clock_unix(struct tk_port *port, int64_t *unix_s)
{
    struct timespec now;

    if (clock_gettime(CLOCK_REALTIME, &now) != 0)
        return TK_TIME_NONE;
    *unix_s = now.tv_sec;
    return was_synchronized(port) ? TK_TIME_SYSTEM : TK_TIME_UNSYNCED;
}

void tk_clock_set_unix(struct tk_port *port, int64_t unix_s, enum tk_time_quality quality)
{
    (void)port;
    (void)quality;
    tk_mbedtls_set_time(unix_s);
}

int tk_clock_ntp_server(struct tk_port *port, const char *host)
{
    (void)port;
    (void)host;
    return -1;
}

bool tk_clock_ntp_poll(struct tk_port *port, int64_t *unix_s)
{
    (void)port;
    (void)unix_s;
    return false;
}

/* poll's timeout does not advance while the machine is suspended: a refresh that was due at night
 * would wait for the same number of hours again in the morning. */
#if defined(__linux__)
int tk_posix_timer_open(void)
{
    return timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
}

int tk_posix_timer_set(int timer, uint64_t at_ms)
{
    struct itimerspec when = {
        .it_value = {.tv_sec = (time_t)(at_ms / 1000), .tv_nsec = (long)(at_ms % 1000) * 1000000}};

    return timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL);
}
#else
int tk_posix_timer_open(void)
{
    return -1;
}

int tk_posix_timer_set(int timer, uint64_t at_ms)
{
    (void)timer;
    (void)at_ms;
    return -1;
}
#endif
