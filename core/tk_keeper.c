/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_keeper.h"
#include "tk_container.h"

#include "tk_account_store.h"
#include "tk_auth.h"
#include "tk_device.h"
#include "tk_entropy.h"
#include "tk_rest_verify.h"

#include <stddef.h>
#include <string.h>

#define DEFAULT_REF "token"
#define COMMIT_MAX  20    /* values of a commit that the history still rides in */
#define IDLE_MS     10000 /* the watchdog is fed at least that often */

/* Keys of the keeper's own values, 1 to 31; those of accounts begin at 32. */
#define STORE_STEP_MS  20    /* between steps of its work */
#define STORE_AGAIN_MS 60000 /* when flash failed */

enum { KEY_IP = 3, KEY_NTP = 4 }; /* 1, 2 and 5 to 8: tk_webhook.c; 9: tk_history.c */

uint64_t tk_keeper_now(const struct tk_keeper *k)
{
    return tk_clock_now_ms(k->config->port);
}

uint64_t tk_keeper_random(const struct tk_keeper *k, uint64_t limit)
{
    uint64_t value;

    if (tk_entropy_get(k->config->port, &value, sizeof value) != TK_ENTROPY_OK)
        return limit / 2;
    return limit == 0 ? 0 : value % limit;
}

/* --- what is told --- */

static void tell(struct tk_keeper *k, const char *kind, const struct tk_text *text)
{
    char line[400];
    struct tk_text t;

    k->told = true;
    tk_text_init(&t, line, sizeof line);
    tk_text_add(&t, kind);
    tk_text_visible(&t, text->buf);
    for (size_t i = 0; i < TK_CONSOLES; i++)
        tk_console_tell(&k->consoles[i], line);
    if (k->config->on_line != NULL)
        k->config->on_line(k->config->ctx, line);
}

void tk_keeper_event(struct tk_keeper *k, const struct tk_text *text)
{
    tell(k, "EVT ", text);
}

void tk_keeper_log(struct tk_keeper *k, enum tk_log_level level, const struct tk_text *text)
{
    if (level <= k->log_level)
        tell(k, "LOG ", text);
}

static void tell_state(struct tk_keeper *k, const struct tk_account *a)
{
    char buf[200];
    struct tk_text t;

    tk_text_init(&t, buf, sizeof buf);
    tk_text_add(&t, "state ref=");
    tk_text_add(&t, a->name);
    tk_text_add(&t, " state=");
    tk_text_add(&t, tk_state_name(tk_account_state(a)));
    tk_text_add(&t, " reason=");
    tk_text_add(&t, tk_account_reason(a));
    tk_text_add(&t, " generation=");
    tk_text_int(&t, a->pair.generation);
    tk_keeper_event(k, &t);
}

static void tell_changes(struct tk_keeper *k)
{
    for (size_t i = 0; i < TK_ACCOUNTS; i++) {
        const struct tk_account *a = &k->accounts[i];
        enum tk_state state = tk_account_state(a);

        if (!a->used || state == k->shown[i])
            continue;
        k->shown[i] = state;
        tell_state(k, a);
    }
}

/* --- beginning and end --- */

static void init_account(struct tk_keeper *k, uint8_t index)
{
    struct tk_account *a = &k->accounts[index];

    tk_account_init(a, k, index);
    tk_token_init(a);
    tk_auth_init(a);
    tk_rest_verify_init(a);
    tk_escalate_init(a);
    tk_account_load(a);
}

static void load_text(struct tk_keeper *k, uint8_t key, char *text, size_t size)
{
    int len = tk_store_get(&k->store, key, text, size - 1);

    text[len < 0 ? 0 : len] = '\0';
}

/* The network of this device. A port that has none of its own says so, and is left alone. */
static void load_network(struct tk_keeper *k)
{
    char ip[TK_IP_TEXT];

    load_text(k, KEY_IP, ip, sizeof ip);
    if (tk_ip_parse(&k->ip, ip))
        (void)tk_sock_set_ip(k->config->port, &k->ip);
    load_text(k, KEY_NTP, k->ntp, sizeof k->ntp);
    (void)tk_clock_ntp_server(k->config->port, k->ntp);
}

static void prepare_store(struct tk_timer *timer, uint64_t now_ms)
{
    struct tk_keeper *k = TK_CONTAINER_OF(timer, struct tk_keeper, store_timer);
    int ret = tk_store_prepare(&k->store);

    if (ret != TK_STORE_OK)
        tk_timer_start(&k->timers, timer,
                       now_ms + (ret == TK_STORE_AGAIN ? STORE_STEP_MS : STORE_AGAIN_MS));
}

/* What the store is sealed with; NULL where the device has no key. */
static struct tk_store_seal *open_seal(struct tk_keeper *k)
{
    struct tk_seal *seal = k->config->seal;
    uint8_t key[TK_DEVICE_KEY_SIZE];
    bool good = seal != NULL && tk_device_key(k->config->port, key) == 0 && tk_seal_init(seal, key);

    tk_wipe(key, sizeof key);
    return good ? &seal->store : NULL;
}

static enum tk_err error_of_store(int ret)
{
    return ret == TK_STORE_OK       ? TK_OK
           : ret == TK_STORE_FULL   ? TK_E_STORAGE_FULL
           : ret == TK_STORE_SEALED ? TK_E_STORAGE_SEALED
                                    : TK_E_STORAGE_FAILED;
}

/* The history goes along where there is room for it. */
static int commit(struct tk_keeper *k, const struct tk_store_value *values, size_t count)
{
    struct tk_store_value all[COMMIT_MAX + 1];
    struct tk_store_piece piece;

    if (count <= COMMIT_MAX && tk_history_value(&k->history, &all[count], &piece)) {
        memcpy(all, values, count * sizeof *values);
        int ret = tk_store_commit(&k->store, all, count + 1);

        if (ret == TK_STORE_OK)
            tk_history_stored(&k->history);
        if (ret != TK_STORE_FULL)
            return ret;
    }
    return tk_store_commit(&k->store, values, count);
}

enum tk_err tk_keeper_store(struct tk_keeper *k, const struct tk_store_value *values, size_t count)
{
    int ret = commit(k, values, count);

    if (k->store.open_error == 0) /* it may have more to do ahead now */
        tk_timer_start(&k->timers, &k->store_timer, tk_keeper_now(k) + STORE_STEP_MS);
    return error_of_store(ret);
}

static void open_store(struct tk_keeper *k)
{
    k->store_error = error_of_store(tk_store_open(&k->store, k->config->flash, open_seal(k)));
    tk_timer_init(&k->store_timer, prepare_store);
    if (k->store_error == TK_OK)
        tk_timer_start(&k->timers, &k->store_timer, tk_keeper_now(k) + STORE_STEP_MS);
}

/* The first account is always there, also where flash cannot keep its name. */
static void need_first_account(struct tk_keeper *k)
{
    struct tk_account *a = &k->accounts[0];

    for (size_t i = 0; i < TK_ACCOUNTS; i++) {
        if (k->accounts[i].used)
            return;
    }
    (void)tk_account_create(a, DEFAULT_REF);
    a->used = true;
    tk_copy(a->name, sizeof a->name, DEFAULT_REF);
}

void tk_keeper_init(struct tk_keeper *k, const struct tk_config *config)
{
    memset(k, 0, sizeof *k);
    k->config = config;
    k->started_ms = tk_keeper_now(k);
    k->log_level = TK_LOG_ERROR;
    tk_timers_init(&k->timers);
    tk_time_init(&k->time, config->port, config->build_unix);
    k->tls_error = tk_https_init(&k->net, config->port, &k->time, tk_ca_find, &k->ca);
    open_store(k);
    tk_ca_load(&k->ca, k);
    tk_history_load(k);
    tk_webhook_load(k);
    load_network(k);
    for (unsigned i = 0; i < TK_CONSOLES; i++)
        tk_console_init(&k->consoles[i], k, i);
    for (uint8_t i = 0; i < TK_ACCOUNTS; i++)
        init_account(k, i);
    need_first_account(k);
    for (size_t i = 0; i < TK_ACCOUNTS; i++) {
        k->shown[i] = tk_account_state(&k->accounts[i]);
        if (!k->accounts[i].used)
            continue;
        tk_token_plan(&k->accounts[i]);
        tk_escalate_resume(&k->accounts[i], false);
    }
}

void tk_keeper_free(struct tk_keeper *k)
{
    (void)tk_clock_ntp_server(k->config->port, "");
    tk_https_free(&k->net);
    if (k->store.seal != NULL)
        tk_seal_free(k->config->seal);
    tk_wipe(k, sizeof *k);
}

/* --- running --- */

/* What a time server says is believed within what tk_time_set allows. */
static void take_ntp(struct tk_keeper *k)
{
    char buf[80];
    struct tk_text t;
    int64_t unix_s;

    if (!tk_clock_ntp_poll(k->config->port, &unix_s) ||
        tk_keeper_set_time(k, unix_s, TK_TIME_SNTP) != TK_E_TIME_RANGE)
        return;
    tk_text_init(&t, buf, sizeof buf);
    tk_text_add(&t, "ntp_refused time=");
    tk_text_int(&t, unix_s);
    tk_keeper_log(k, TK_LOG_ERROR, &t);
}

/* The system's clock may be set while we run, as may ours by SNTP or a person. */
static void notice_time(struct tk_keeper *k)
{
    int64_t now;
    bool known = tk_time_known(&k->time, &now);

    if (known && !k->time_was_known) {
        tk_history_time(k, now);
        for (size_t i = 0; i < TK_ACCOUNTS; i++)
            tk_token_plan(&k->accounts[i]);
    }
    k->time_was_known = known;
}

static uint64_t earliest(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Each part may give work to those behind it; what goes the other way round asks for another pass
 * at once. */
uint64_t tk_keeper_run(struct tk_keeper *k)
{
    uint64_t now_ms = tk_keeper_now(k);
    uint64_t until_ms = now_ms + IDLE_MS;

    tk_device_feed_watchdog(k->config->port);
    take_ntp(k);
    notice_time(k);
    for (size_t i = 0; i < TK_CONSOLES; i++)
        until_ms = earliest(until_ms, tk_console_run(&k->consoles[i], now_ms));
    until_ms = earliest(until_ms, tk_timers_run(&k->timers, now_ms));
    until_ms = earliest(until_ms, tk_https_step(&k->net, now_ms));
    tell_changes(k);
    if (k->told)
        until_ms = now_ms;
    k->told = false;
    return until_ms;
}

/* --- accounts --- */

struct tk_account *tk_keeper_account(struct tk_keeper *k, const char *ref)
{
    for (size_t i = 0; i < TK_ACCOUNTS; i++) {
        struct tk_account *a = &k->accounts[i];

        if (a->used && (ref == NULL || ref[0] == '\0' || strcmp(a->name, ref) == 0))
            return a;
    }
    return NULL;
}

static bool is_good_ref(const char *ref)
{
    size_t len = strlen(ref);

    return len >= 1 && len <= TK_NAME_MAX &&
           strspn(ref, "abcdefghijklmnopqrstuvwxyz0123456789-_") == len;
}

enum tk_err tk_keeper_add(struct tk_keeper *k, const char *ref)
{
    if (!is_good_ref(ref))
        return TK_E_BAD_VALUE;
    if (tk_keeper_account(k, ref) != NULL)
        return TK_E_REF_EXISTS;
    for (uint8_t i = 0; i < TK_ACCOUNTS; i++) {
        struct tk_account *a = &k->accounts[i];

        if (a->used)
            continue;
        init_account(k, i);
        return tk_account_create(a, ref);
    }
    return TK_E_REF_LIMIT;
}

/* A command on another line, which would go on with what is here next. */
static bool is_worked_on(struct tk_keeper *k, const struct tk_account *a)
{
    for (size_t i = 0; i < TK_CONSOLES; i++) {
        struct tk_console *c = &k->consoles[i];

        if ((c->job.step != NULL || c->asking != NULL) && tk_console_account(c) == a)
            return true;
    }
    return false;
}

enum tk_err tk_keeper_delete(struct tk_keeper *k, const char *ref)
{
    struct tk_account *a = tk_keeper_account(k, ref);

    if (a == NULL)
        return TK_E_NO_SUCH_REF;
    if (tk_account_has_pair(a))
        return TK_E_IN_USE;
    if (is_worked_on(k, a))
        return TK_E_BUSY;
    tk_escalate_clear(a);
    enum tk_err err = tk_account_delete(a);

    if (err != TK_OK)
        return err;
    tk_auth_cancel(a);
    tk_https_cancel(&k->net, &a->escalation.request);
    tk_timer_stop(&k->timers, &a->escalation.post_timer);
    tk_timer_stop(&k->timers, &a->refresh.store_timer);
    tk_history_orphan(k, a->index);
    init_account(k, a->index); /* what is on flash now: nothing */
    need_first_account(k);
    return TK_OK;
}

/* --- settings of the device --- */

static enum tk_err store_value(struct tk_keeper *k, uint8_t key, const void *data, size_t len)
{
    struct tk_store_piece piece = {data, (uint16_t)len};
    struct tk_store_value value = {key, len > 0, &piece};

    return tk_keeper_store(k, &value, 1);
}

enum tk_err tk_keeper_set_ip(struct tk_keeper *k, const char *ip)
{
    struct tk_ip value = {.fixed = false};
    char text[TK_IP_TEXT];
    struct tk_text t;

    if (ip[0] != '\0' && !tk_ip_parse(&value, ip))
        return TK_E_BAD_VALUE;
    if (tk_sock_set_ip(k->config->port, &value) != TK_SOCK_OK)
        return TK_E_IP_SYSTEM;
    tk_text_init(&t, text, sizeof text);
    tk_text_ip(&t, &value);
    enum tk_err err = store_value(k, KEY_IP, text, value.fixed ? t.len : 0);

    if (err == TK_OK)
        k->ip = value;
    else
        (void)tk_sock_set_ip(k->config->port, &k->ip);
    return err;
}

enum tk_err tk_keeper_set_ntp(struct tk_keeper *k, const char *host)
{
    struct tk_host parsed = {.port = 0};

    if (host[0] != '\0' && (!tk_host_parse(&parsed, host, NULL) || strchr(host, '/') != NULL ||
                            strlen(parsed.name) != strlen(host)))
        return TK_E_BAD_VALUE;
    if (tk_clock_ntp_server(k->config->port, k->ntp) != 0)
        return TK_E_CLOCK_SYSTEM;
    enum tk_err err = store_value(k, KEY_NTP, parsed.name, strlen(parsed.name));

    if (err == TK_OK) {
        tk_copy(k->ntp, sizeof k->ntp, parsed.name);
        (void)tk_clock_ntp_server(k->config->port, k->ntp);
    }
    return err;
}

enum tk_err tk_keeper_set_time(struct tk_keeper *k, int64_t unix_s, enum tk_time_quality quality)
{
    int64_t floor_unix = k->time.floor_unix;
    enum tk_err err = tk_time_set(&k->time, unix_s, quality);

    for (size_t i = 0; i < TK_ACCOUNTS && k->time.floor_unix < floor_unix; i++)
        tk_account_store_floor(&k->accounts[i]);
    return err;
}
