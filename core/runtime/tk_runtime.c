/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_runtime.h"

#include "tk_assert.h"
#include "tk_entropy.h"

#include <string.h>

uint64_t tk_runtime_now(const struct tk_runtime *rt)
{
    return tk_clock_now_ms(rt->config->port);
}

uint64_t tk_runtime_random(const struct tk_runtime *rt, uint64_t limit)
{
    uint64_t value;

    if (tk_entropy_get(rt->config->port, &value, sizeof value) != TK_ENTROPY_OK)
        return limit / 2;
    return limit == 0 ? 0 : value % limit;
}

/* kind: the prefix of the line. */
static void emit_line(struct tk_runtime *rt, const char *kind, const struct tk_text *text)
{
    char line[400];
    struct tk_text t;

    tk_text_init(&t, line, sizeof line);
    tk_text_add(&t, kind);
    tk_text_visible(&t, text->buf);
    rt->emit(rt->emit_ctx, line);
}

void tk_runtime_event(struct tk_runtime *rt, const struct tk_text *text)
{
    emit_line(rt, "EVT ", text);
}

void tk_runtime_log(struct tk_runtime *rt, enum tk_log_level level, const struct tk_text *text)
{
    TK_ASSERT(level != TK_LOG_OFF);
    if (level <= rt->log_level)
        emit_line(rt, "LOG ", text);
}

const char *tk_runtime_security_name(uint8_t type)
{
    static const char names[] = "unknown\0set\0unset\0ca_added\0ca_removed\0time_set\0seeded\0"
                                "forgotten\0reset\0authorized\0rebound\0other_user\0wrong_state\0"
                                "wrong_pin\0ref_added\0ref_removed\0portal_accepted\0reboot";
    const char *at = names;

    if (type > TK_SECURITY_REBOOT)
        type = 0;
    while (type-- > 0)
        at += strlen(at) + 1;
    return at;
}

void tk_runtime_security(struct tk_runtime *rt, enum tk_security_type type, uint8_t account,
                         const char *ref, const char *key)
{
    const struct tk_config *config = rt->config;

    tk_history_add_security(&rt->history, type, account, key);
    if (config->on_security != NULL)
        config->on_security(config->ctx, tk_runtime_security_name((uint8_t)type), ref, key,
                            rt->console);
}

void tk_runtime_init(struct tk_runtime *rt, const struct tk_config *config,
                     void (*emit)(void *ctx, const char *line), void *ctx)
{
    TK_ASSERT(emit != NULL);
    rt->config = config;
    rt->emit = emit;
    rt->emit_ctx = ctx;
    rt->started_ms = tk_runtime_now(rt);
    rt->log_level = TK_LOG_ERROR;
    tk_timers_init(&rt->timers);
    tk_time_init(&rt->time, config->port, config->build_unix);
    tk_history_init(&rt->history, &rt->time, rt->started_ms);
    rt->tls_error = tk_https_init(&rt->https, config->port, &rt->time, tk_ca_find, &rt->ca);
    tk_storage_open(&rt->storage, config, &rt->timers, &rt->history);
    tk_ca_load(&rt->ca, config, &rt->storage, &rt->https, &rt->time);
    tk_netconf_load(&rt->netconf, config->port, &rt->storage);
}

void tk_runtime_free(struct tk_runtime *rt)
{
    (void)tk_clock_ntp_server(rt->config->port, "");
    tk_https_free(&rt->https);
    tk_storage_close(&rt->storage);
}
