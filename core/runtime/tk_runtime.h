/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_RUNTIME_H
#define TK_RUNTIME_H

/*
 * What every part of a keeper is handed: clock, timers, storage, connections, random numbers and
 * the log. Knows nothing of accounts, escalations or consoles.
 */

#include "tk_ca.h"
#include "tk_config.h"
#include "tk_history.h"
#include "tk_https.h"
#include "tk_netconf.h"
#include "tk_storage.h"
#include "tk_time.h"
#include "tk_timer.h"

enum tk_log_level { TK_LOG_OFF, TK_LOG_ERROR, TK_LOG_INFO };

struct tk_runtime {
    const struct tk_config *config;
    struct tk_time time;
    struct tk_timers timers;
    struct tk_storage storage;
    enum tk_log_level log_level;
    enum tk_err tls_error; /* of setting TLS up */
    uint64_t started_ms;   /* tick */
    void (*emit)(void *ctx, const char *line);
    void *emit_ctx;

    /* large members last: Thumb load/store offsets are limited to 124 bytes */
    struct tk_ca ca;
    struct tk_netconf netconf;
    struct tk_history history;
    struct tk_https https;
};

/* Opens the store, loads the device's settings and sets TLS up. Always succeeds: errors stay in
 * storage.err and tls_error. rt is zeroed by the caller. emit gets each EVT and LOG line. */
void tk_runtime_init(struct tk_runtime *rt, const struct tk_config *config,
                     void (*emit)(void *ctx, const char *line), void *ctx);
void tk_runtime_free(struct tk_runtime *rt);

/* tick, ms */
uint64_t tk_runtime_now(const struct tk_runtime *rt);

/* Uniform in 0 to limit - 1 (0 for limit 0), from the port's entropy; limit / 2 while that is not
 * seeded, so that a delay stays a delay. */
uint64_t tk_runtime_random(const struct tk_runtime *rt, uint64_t limit);

/* An asynchronous line for operators and programs: "EVT ..." or, at this level and above, "LOG
 * ...". */
void tk_runtime_event(struct tk_runtime *rt, const struct tk_text *text);
void tk_runtime_log(struct tk_runtime *rt, enum tk_log_level level, const struct tk_text *text);

#endif
