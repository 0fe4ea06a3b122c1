/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_command.h"

#include "tk_calendar.h"
#include "tk_conformance.h"
#include "tk_device.h"
#include "tk_entropy.h"
#include "tk_token_task.h"
#include "tk_version.h"

#include <mbedtls/version.h>
#include <string.h>

#define BLANK_MS 10000 /* factory-reset waits that long for Corezoid */

/* Whose public-key arithmetic: that of port/mbedtls/pubkey, or mbedTLS's. */
#if defined(TK_ECC_OWN)
#define ECC "own"
#else
#define ECC "mbedtls"
#endif

void tk_command_version(struct tk_console *c, char *args)
{
    const struct tk_config *config = c->env->rt->config;
    char buf[TK_PAIRS_SIZE];
    struct tk_text t;

    (void)args;
    tk_text_init(&t, buf, sizeof buf);
    tk_text_print(&t, "version=" TK_VERSION " board=%s build=", config->board);
    tk_text_time(&t, config->build_unix);
    tk_text_print(&t, " id=%s mbedtls=" MBEDTLS_VERSION_STRING " ecc=" ECC " seal=%s",
                  tk_device_id(config->port),
                  tk_storage_is_sealed(&c->env->rt->storage) ? "aes-128-gcm" : "none");
    tk_console_ok(c, &t);
}

/* The keeper reboots at the end of a pass, once it has stored what it waits for. */
void tk_command_reboot(struct tk_console *c, char *args)
{
    (void)args;
    tk_command_report(c, TK_SECURITY_REBOOT, NULL, NULL);
    tk_console_ok(c, NULL);
    tk_output_drain(&c->out);
    c->env->rt->reboot = true;
}

/* Names the sectors that may still hold values. */
static void fail_reset(struct tk_console *c)
{
    char buf[24];
    struct tk_text t;

    tk_text_init(&t, buf, sizeof buf);
    tk_command_worn(c, &t, "");
    tk_console_data(c, "left", buf);
    tk_console_err(c, TK_E_STORAGE_FAILED);
}

static void erase(struct tk_console *c)
{
    tk_command_report(c, TK_SECURITY_RESET, NULL, NULL); /* for on_security: the rest is erased */
    if (tk_storage_wipe(&c->env->rt->storage) != TK_OK)
        fail_reset(c);
    else {
        tk_console_ok(c, NULL);
        tk_output_drain(&c->out);
        tk_device_reboot(c->env->rt->config->port);
    }
}

/* Waits until no task in Corezoid holds a token, for a first attempt at most. */
static void step_reset(struct tk_console *c)
{
    bool waits = false;

    for (size_t i = 0; i < TK_ACCOUNTS; i++)
        waits = waits || c->env->alerts->of[i].task.ending;
    if (!waits || tk_command_is_late(c))
        erase(c);
}

void tk_command_factory_reset(struct tk_console *c, char *args)
{
    const char *id = tk_device_id(c->env->rt->config->port);

    if (strlen(args) != 4 || !tk_ends_with(id, args)) {
        tk_console_err(c, TK_E_WRONG_ID);
        return;
    }
    for (size_t i = 0; i < TK_ACCOUNTS; i++)
        tk_token_task_end(&c->env->alerts->of[i]);
    tk_command_wait(c, step_reset, BLANK_MS);
    step_reset(c);
}

static void show_time(struct tk_console *c)
{
    char buf[TK_PAIRS_SIZE];
    struct tk_text t;
    int64_t unix_s;
    enum tk_time_quality quality = tk_time_now(&c->env->rt->time, &unix_s);

    tk_text_init(&t, buf, sizeof buf);
    tk_text_add(&t, "time=");
    tk_text_time(&t, unix_s);
    tk_text_add(&t, " unix=");
    tk_text_int(&t, unix_s);
    tk_text_print(&t, " quality=%s", tk_time_quality_name(quality));
    tk_console_ok(c, &t);
}

void tk_command_time(struct tk_console *c, char *args)
{
    uint64_t number;
    int64_t unix_s;
    enum tk_calendar_error error = TK_CALENDAR_OK;

    if (*args == '\0') {
        show_time(c);
        return;
    }
    if (tk_parse_u64(args, strlen(args), INT64_MAX, &number))
        unix_s = (int64_t)number;
    else
        error = tk_calendar_parse(args, &unix_s);
    if (error != TK_CALENDAR_OK) {
        tk_command_err_hint(c, error == TK_CALENDAR_SHAPE ? TK_HINT_TIME : TK_HINT_NO_DATE);
        return;
    }
    enum tk_err err = tk_accounts_set_time(c->env->accounts, unix_s, TK_TIME_CONSOLE);

    if (err != TK_OK) {
        tk_console_err(c, err);
        return;
    }
    tk_command_report(c, TK_SECURITY_TIME_SET, NULL, NULL);
    show_time(c);
}

/* The number of bytes; 0: not hex digits, or more than size bytes. */
static size_t parse_hex(const char *hex, uint8_t *out, size_t size)
{
    size_t len = strlen(hex);

    if (len % 2 != 0 || len / 2 > size)
        return 0;
    for (size_t i = 0; i < len; i++) {
        int digit = tk_hex_value(hex[i]);

        if (digit < 0)
            return 0;
        out[i / 2] = (uint8_t)(i % 2 == 0 ? digit << 4 : out[i / 2] | digit);
    }
    return len / 2;
}

void tk_command_seed(struct tk_console *c, char *args)
{
    uint8_t bytes[TK_ENTROPY_SEED_MAX];
    size_t len = parse_hex(args, bytes, sizeof bytes);
    int ret = TK_ENTROPY_OK;

    if (len >= TK_ENTROPY_SEED_MIN)
        ret = tk_entropy_seed(c->env->rt->config->port, bytes, len);
    tk_wipe(bytes, sizeof bytes);
    if (len >= TK_ENTROPY_SEED_MIN && ret == TK_ENTROPY_OK)
        tk_command_report(c, TK_SECURITY_SEEDED, NULL, NULL);
    if (len < TK_ENTROPY_SEED_MIN)
        tk_command_err_hint(c, TK_HINT_SEED);
    else if (ret == TK_ENTROPY_OK)
        tk_console_ok(c, NULL);
    else
        tk_console_err(c, ret == TK_ENTROPY_HAS_SOURCE ? TK_E_SEED_OWN : TK_E_STORAGE_FAILED);
}

void tk_command_log(struct tk_console *c, char *args)
{
    static const char *const names[] = {"off", "error", "info"};

    for (int level = TK_LOG_OFF; level <= TK_LOG_INFO; level++) {
        if (strcmp(args, names[level]) != 0)
            continue;
        c->env->rt->log_level = (enum tk_log_level)level;
        tk_command_ok(c, "log", names[level]);
        return;
    }
    tk_command_err_hint(c, TK_HINT_LOG);
}

static void report_check(void *ctx, const char *check, const char *result, const char *detail)
{
    struct tk_console *c = ctx;
    char buf[256];
    struct tk_text t;

    tk_text_init(&t, buf, sizeof buf);
    tk_text_add(&t, result);
    tk_text_print(&t, "%s%s", detail[0] != '\0' ? " " : "", detail);
    tk_console_data(c, check, buf);
    tk_output_drain(&c->out);
}

void tk_command_selftest(struct tk_console *c, char *args)
{
    const struct tk_config *config = c->env->rt->config;
    struct tk_conformance suite = {
        .port = config->port, .scratch = config->scratch, .report = report_check, .ctx = c};

    (void)args;
    if (tk_conformance_run_standalone(&suite) > 0)
        tk_console_err(c, TK_E_SELFTEST_FAILED);
    else
        tk_console_ok(c, NULL);
}
