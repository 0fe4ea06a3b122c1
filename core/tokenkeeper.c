/* SPDX-License-Identifier: Apache-2.0 */
#include "tokenkeeper.h"

#include "tk_assert.h"
#include "tk_command_table.h"
#include "tk_console_run.h"
#include "tk_device.h"

#include <string.h>

#define CLOCK_MS    10000 /* a clock that a system sets is noticed within this time */
#define BEHIND_MS   300000
#define SHUTDOWN_MS 30000 /* as long as a request may take */

/* tk_keeper_init was called, and no call is made from a callback. */
static bool is_ready(const struct tk_keeper *k)
{
    return k->rt.config != NULL && !k->running;
}

uint64_t tk_keeper_now(const struct tk_keeper *k)
{
    TK_ASSERT(is_ready(k));
    return tk_runtime_now(&k->rt);
}

/* --- lines and events --- */

bool tk_console_hides(const char *line)
{
    return tk_dispatch_hides(&tk_command_table, line) != TK_HIDES_NOTHING;
}

static void on_line(void *ctx, const char *line)
{
    struct tk_keeper *k = ctx;
    const struct tk_config *config = k->rt.config;

    k->emitted = true;
    for (size_t i = 0; i < TK_CONSOLES; i++)
        tk_console_emit(&k->consoles[i], line);
    if (config->on_line != NULL)
        config->on_line(config->ctx, line);
}

static void report_state(struct tk_keeper *k, const struct tk_account *a)
{
    char buf[200], code[TK_ERR_CODE_MAX + 1];
    struct tk_text t;

    tk_text_init(&t, buf, sizeof buf);
    tk_text_print(&t, "state ref=%s state=%s reason=%s generation=%u", a->name,
                  tk_state_name(tk_account_state(a)), tk_account_reason(a, code),
                  (unsigned)a->pair.generation);
    tk_runtime_event(&k->rt, &t);
}

static void report_changes(struct tk_keeper *k)
{
    for (size_t i = 0; i < TK_ACCOUNTS; i++) {
        const struct tk_account *a = &k->accounts.of[i];
        enum tk_state state = a->used ? tk_account_state(a) : k->reported[i];

        if (state == k->reported[i])
            continue;
        k->reported[i] = state;
        report_state(k, a);
    }
}

void tk_keeper_event(struct tk_keeper *k, const struct tk_text *text)
{
    TK_ASSERT(is_ready(k));
    tk_runtime_event(&k->rt, text);
}

/* --- events of accounts --- */

/* The commit that follows includes the history. */
static void record(struct tk_history *h, const struct tk_account *a, enum tk_account_event event)
{
    static const uint8_t types[TK_ACCOUNT_DELETED] = {[TK_ACCOUNT_EXCHANGED] = TK_EVENT_EXCHANGED,
                                                      [TK_ACCOUNT_RECOVERED] = TK_EVENT_RECOVERED,
                                                      [TK_ACCOUNT_MOVED] = TK_EVENT_MOVED,
                                                      [TK_ACCOUNT_SECRET_PROMOTED] =
                                                          TK_EVENT_SECRET_PROMOTED,
                                                      [TK_ACCOUNT_FORGOTTEN] = TK_EVENT_FORGOTTEN};

    if (event == TK_ACCOUNT_DELETED)
        tk_history_forget_account(h, a->index);
    else if (types[event] != 0)
        tk_history_add(h, (enum tk_event_type)types[event], a->index, 0, TK_OK);
}

static void on_account(void *ctx, struct tk_account *a, enum tk_account_event event)
{
    struct tk_keeper *k = ctx;

    record(&k->rt.history, a, event);
    tk_alerts_on_account(&k->alerts, a, event);
}

/* --- start and end --- */

void tk_keeper_init(struct tk_keeper *k, const struct tk_config *config)
{
    const struct tk_account_listener listener = {on_account, k};

    TK_ASSERT(config != NULL && config->flash != NULL && config->board != NULL);
    memset(k, 0, sizeof *k);
    k->running = true;
    tk_runtime_init(&k->rt, config, on_line, k);
    k->pin.failed_ms = k->rt.started_ms;
    (void)tk_pin_is_set(&k->pin, &k->rt); /* while flash can be read */
    k->env = (struct tk_console_env){&k->rt,    &k->accounts,      &k->alerts,
                                     &k->calls, &tk_command_table, &k->pin};
    for (unsigned i = 0; i < TK_CONSOLES; i++)
        tk_console_init(&k->consoles[i], &k->env, i);
    tk_accounts_init(&k->accounts, &k->rt, &listener);
    if (TK_CALL)
        tk_calls_init(&k->calls, &k->accounts);
    tk_alerts_init(&k->alerts, &k->rt, &k->accounts);
    for (size_t i = 0; i < TK_ACCOUNTS; i++)
        k->reported[i] = k->rt.storage.err != TK_OK /* reported in the first pass */
                             ? TK_EXCHANGING
                             : tk_account_state(&k->accounts.of[i]);
    tk_accounts_schedule(&k->accounts);
    tk_alerts_resume(&k->alerts);
    k->running = false;
}

void tk_keeper_free(struct tk_keeper *k)
{
    TK_ASSERT(is_ready(k));
    for (size_t i = 0; i < TK_CONSOLES; i++)
        tk_console_end(&k->consoles[i]);
    if (TK_CALL)
        tk_calls_stop(&k->calls);
    tk_runtime_free(&k->rt);
    tk_wipe(k, sizeof *k);
}

/* --- a clean end --- */

static bool is_done(const struct tk_keeper *k, uint64_t now_ms)
{
    return now_ms >= k->stop_by_ms ||
           (tk_https_drained(&k->rt.https) && tk_accounts_are_stored(&k->accounts));
}

/* No request is sent from here on. */
static void begin_stop(struct tk_keeper *k, uint64_t now_ms)
{
    char buf[40];
    struct tk_text t;

    k->stopping = true;
    k->stop_by_ms = now_ms + SHUTDOWN_MS;
    if (TK_CALL)
        tk_calls_stop(&k->calls);
    tk_https_drain(&k->rt.https);
    tk_accounts_store_now(&k->accounts);
    if (is_done(k, now_ms))
        return;
    tk_text_init(&t, buf, sizeof buf);
    tk_text_print(&t, "stopping awaits=%s", tk_https_drained(&k->rt.https) ? "flash" : "answer");
    tk_runtime_event(&k->rt, &t);
}

bool tk_keeper_shutdown(struct tk_keeper *k)
{
    uint64_t now_ms = tk_keeper_now(k);

    if (!k->stopping)
        begin_stop(k, now_ms);
    if (!is_done(k, now_ms))
        return false;
    tk_storage_settle(&k->rt.storage);
    return true;
}

static void reboot(struct tk_keeper *k)
{
    k->rt.reboot = false;
    tk_device_reboot(k->rt.config->port);
}

/* Returns the tick of the next pass. */
static uint64_t continue_stop(struct tk_keeper *k, uint64_t now_ms)
{
    k->rt.reboot = k->rt.reboot || k->rt.storage.reopened;
    k->rt.storage.reopened = false;
    if (k->rt.reboot && !k->stopping)
        begin_stop(k, now_ms);
    if (k->rt.reboot && k->stop_by_ms == 0)
        reboot(k);
    if (!k->stopping || k->stop_by_ms == 0)
        return UINT64_MAX;
    if (!is_done(k, now_ms))
        return k->stop_by_ms;
    k->stop_by_ms = 0; /* the caller is woken once, and commands are answered in that pass */
    return now_ms;
}

/* --- running --- */

/* Sets the time that a server sent, if it is plausible (tk_time_set). */
static void take_ntp(struct tk_keeper *k)
{
    char buf[80];
    struct tk_text t;
    int64_t unix_s;

    if (!tk_clock_ntp_poll(k->rt.config->port, &unix_s) ||
        tk_accounts_set_time(&k->accounts, unix_s, TK_TIME_SNTP) != TK_E_TIME_RANGE)
        return;
    tk_text_init(&t, buf, sizeof buf);
    tk_text_add(&t, "ntp_refused time=");
    tk_text_int(&t, unix_s);
    tk_runtime_log(&k->rt, TK_LOG_ERROR, &t);
}

/* Not before the consoles are attached, in the first pass. */
static void report_behind(struct tk_keeper *k)
{
    char buf[60];
    struct tk_text t;

    if (k->behind_s == 0)
        return;
    tk_text_init(&t, buf, sizeof buf);
    tk_text_add(&t, "clock_behind seconds=");
    tk_text_int(&t, k->behind_s);
    tk_runtime_event(&k->rt, &t);
    k->behind_s = 0;
}

/* Reported once, until it is right again; where it goes back and forth, every BEHIND_MS at most. */
static void notice_clock_behind(struct tk_keeper *k)
{
    int64_t seconds = tk_time_behind(&k->rt.time);
    uint64_t now_ms = tk_runtime_now(&k->rt);

    if (seconds > 0 && !k->clock_behind) {
        k->clock_behind = true;
        k->behind_ms = now_ms;
        k->behind_s = seconds;
        tk_accounts_renew_first(&k->accounts);
    } else if (seconds == 0 && now_ms >= k->behind_ms + BEHIND_MS) {
        k->clock_behind = false;
    }
}

/* Acts when the time becomes known, from SNTP, the operator, or a system clock; and when a clock
 * falls behind. */
static void notice_time(struct tk_keeper *k)
{
    int64_t now;
    bool known = tk_time_known(&k->rt.time, &now);

    if (known && !k->time_was_known) {
        tk_history_set_time(&k->rt.history, now);
        tk_accounts_schedule(&k->accounts);
    }
    k->time_was_known = known;
    notice_clock_behind(k);
}

static uint64_t earliest(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Order matters: consoles, timers, network. Work queued for an earlier stage forces an immediate
 * next pass. */
uint64_t tk_keeper_run(struct tk_keeper *k)
{
    TK_ASSERT(is_ready(k));
    uint64_t now_ms = tk_keeper_now(k);
    uint64_t until_ms = now_ms + tk_device_feed_watchdog(k->rt.config->port);

    k->running = true;
    take_ntp(k);
    notice_time(k);
    if (!k->time_was_known)
        until_ms = earliest(until_ms, now_ms + CLOCK_MS);
    for (size_t i = 0; i < TK_CONSOLES; i++)
        until_ms = earliest(until_ms, tk_console_run(&k->consoles[i], now_ms));
    report_behind(k);
    until_ms = earliest(until_ms, tk_timers_run(&k->rt.timers, now_ms));
    until_ms = earliest(until_ms, tk_https_step(&k->rt.https, now_ms));
    if (TK_CALL)
        until_ms = earliest(until_ms, tk_calls_run(&k->calls, now_ms));
    report_changes(k);
    until_ms = earliest(until_ms, continue_stop(k, now_ms));
    if (k->emitted)
        until_ms = now_ms;
    k->emitted = false;
    k->running = false;
    return until_ms;
}

/* --- tokens --- */

/* It may have been set back since the last pass. */
static void look_at_clock(struct tk_keeper *k)
{
    k->running = true;
    notice_time(k);
    k->running = false;
}

const struct tk_account *tk_keeper_account(struct tk_keeper *k, const char *ref)
{
    TK_ASSERT(is_ready(k));
    return tk_accounts_find(&k->accounts, ref);
}

const struct tk_account *tk_keeper_account_at(struct tk_keeper *k, unsigned index)
{
    TK_ASSERT(is_ready(k) && index < TK_ACCOUNTS);
    return k->accounts.of[index].used ? &k->accounts.of[index] : NULL;
}

enum tk_token_answer tk_token_get(struct tk_keeper *k, const char *ref, uint32_t min_valid_s,
                                  char *buf, size_t size, struct tk_token_info *info)
{
    TK_ASSERT(is_ready(k));
    look_at_clock(k);
    return tk_token_serve(&k->accounts, ref, min_valid_s, buf, size, info);
}

enum tk_token_answer tk_token_get_last(struct tk_keeper *k, const char *ref, uint32_t min_valid_s,
                                       char *buf, size_t size, struct tk_token_info *info)
{
    TK_ASSERT(is_ready(k));
    look_at_clock(k);
    return tk_token_serve_last(&k->accounts, ref, min_valid_s, buf, size, info);
}

uint32_t tk_token_rejected(struct tk_keeper *k, const char *ref, uint32_t generation)
{
    TK_ASSERT(is_ready(k));
    return tk_token_serve_rejected(&k->accounts, ref, generation);
}

/* --- calls: also from their callbacks --- */

enum tk_err tk_call_start(struct tk_keeper *k, struct tk_call *call)
{
    TK_ASSERT(TK_CALL);
    return tk_calls_start(&k->calls, call);
}

void tk_call_cancel(struct tk_keeper *k, struct tk_call *call)
{
    (void)k;
    tk_calls_cancel(call);
}

void tk_call_resume(struct tk_keeper *k, struct tk_call *call)
{
    (void)k;
    tk_calls_resume(call);
}

uint32_t tk_call_wait_ms(const struct tk_keeper *k, const struct tk_call *call)
{
    (void)k;
    return tk_calls_wait_ms(call);
}
