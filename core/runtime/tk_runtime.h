/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_RUNTIME_H
#define TK_RUNTIME_H

/*
 * The services that the rooms above share, one set for each keeper: configuration, clock, timers,
 * storage, HTTPS connections, random numbers, and the log. It knows nothing of accounts, alerts or
 * consoles. Call from the main loop only.
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
    enum tk_log_level log_level; /* TK_LOG_ERROR at first */
    bool reboot;                 /* a command asked for it */
    uint8_t console;             /* number of the one whose command runs */
    enum tk_err tls_error;       /* of tk_https_init */
    uint64_t started_ms;
    void (*emit)(void *ctx, const char *line);
    void *emit_ctx;

    /* large members last: Thumb load/store offsets are limited to 124 bytes */
    struct tk_ca ca;
    struct tk_netconf netconf;
    struct tk_history history;
    struct tk_https https;
};

/* Opens the store, loads the device's settings and initializes TLS. *rt must be zeroed; config must
 * outlive it. Errors are in rt->storage.err and rt->tls_error; the rest works without them.
 *
 * emit receives each EVT and LOG line, NUL-terminated and without a line end. It is called from any
 * function of core, and the line is gone when it returns. */
void tk_runtime_init(struct tk_runtime *rt, const struct tk_config *config,
                     void (*emit)(void *ctx, const char *line), void *ctx);

/* Closes all connections and the store. */
void tk_runtime_free(struct tk_runtime *rt);

/* The tick, in ms. */
uint64_t tk_runtime_now(const struct tk_runtime *rt);

/* A random number from 0 to limit - 1, 0 for limit 0. limit / 2 while the port's entropy source is
 * not seeded: a delay of that length is still a delay. For jitter, not for secrets. */
uint64_t tk_runtime_random(const struct tk_runtime *rt, uint64_t limit);

/* An operator's command changed something, or was refused: adds a security event and tells
 * config->on_security. account: its slot, with its name in ref; else TK_NO_ACCOUNT and NULL. key: a
 * setting, or NULL. */
void tk_runtime_security(struct tk_runtime *rt, enum tk_security_type type, uint8_t account,
                         const char *ref, const char *key);

/* The name of a type, for operators; a constant. */
const char *tk_runtime_security_name(uint8_t type);

/* Emits an EVT line; or a LOG line, if rt->log_level is at least `level`. */
void tk_runtime_event(struct tk_runtime *rt, const struct tk_text *text);
void tk_runtime_log(struct tk_runtime *rt, enum tk_log_level level, const struct tk_text *text);

#endif
