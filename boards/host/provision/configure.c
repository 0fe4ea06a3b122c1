/* SPDX-License-Identifier: Apache-2.0 */
#include "provision.h"

#include "tk_string.h"
#include "tk_wipe.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The settings of the gateway: from options, the file or the operator. */

enum { ATTEMPTS = 5, TYPED_MAX = 300 };

struct value {
    const char *key, *option, *question;
};

static const struct value portal = {"portal", "--portal", "portal (acme for acme.bitrix24.com): "};
static const struct value client_id = {"client_id", "--client-id",
                                       "client_id (of the local application in the portal): "};

static bool set(struct tk_flow *f, const char *key, const char *value)
{
    char command[TK_LINE_MAX + 1], words[sizeof f->gateway.words + 48];
    int len = snprintf(command, sizeof command, "set %s %s", key, value);

    if (len < 0 || (size_t)len >= sizeof command) {
        tk_wipe(command, sizeof command);
        return tk_flow_fail(f, TK_EXIT_USAGE, "line_too_long", key);
    }
    enum tk_gateway_result result = tk_flow_try(f, command, TK_GATEWAY_ASK_MS, NULL);

    tk_wipe(command, sizeof command);
    if (result == TK_GATEWAY_OK)
        return true;
    snprintf(words, sizeof words, "%.40s: %s", key, f->gateway.words);
    return tk_flow_fail(f, tk_gateway_status(&f->gateway, result), f->gateway.code, words);
}

static bool need(struct tk_flow *f, const char *key, const char *option)
{
    char words[160];

    if (tk_provision_interrupted)
        return tk_flow_fail(f, TK_EXIT_INTERRUPTED, "interrupted", "repeat the command to go on");
    snprintf(words, sizeof words, "the gateway has no %s: give %s, or answer at a terminal", key,
             option);
    return tk_flow_fail(f, TK_EXIT_USAGE, "need_value", words);
}

static void keep(struct tk_flow *f, const char *key, const char *value, char *current, size_t size)
{
    if (!tk_gateway_pair(&f->gateway, key, current, size))
        (void)tk_copy(current, size, value);
}

/* Asks the operator until the gateway takes the value. */
static bool ask(struct tk_flow *f, const struct value *v, char *current, size_t size)
{
    char typed[TYPED_MAX], command[TYPED_MAX + 32];

    for (int i = 0; i < ATTEMPTS; i++) {
        if (!tk_prompt(v->question, typed, sizeof typed) || *typed == '\0')
            return need(f, v->key, v->option);
        snprintf(command, sizeof command, "set %s %s", v->key, typed);
        enum tk_gateway_result result = tk_flow_try(f, command, TK_GATEWAY_ASK_MS, NULL);

        if (result == TK_GATEWAY_OK) {
            keep(f, v->key, typed, current, size);
            return true;
        }
        if (result != TK_GATEWAY_ERR || strcmp(f->gateway.code, "bad_value") != 0)
            return tk_flow_fail_result(f, result);
        tk_steps_note(&f->p->steps, f->gateway.words);
    }
    return tk_flow_fail_result(f, TK_GATEWAY_ERR);
}

/* A value that is given, else the gateway's own, else one that is asked for. */
static bool provide(struct tk_flow *f, const struct value *v, char *current, size_t size)
{
    const char *given = tk_plan_value(f->plan, v->key);

    if (given == NULL)
        return *current != '\0' || ask(f, v, current, size);
    if (strcmp(given, current) == 0)
        return true;
    if (!set(f, v->key, given))
        return false;
    keep(f, v->key, given, current, size);
    return true;
}

static bool set_secret(struct tk_flow *f)
{
    const char *secret;

    if (f->secret[0] != '\0' && !f->p->secrets.is_given &&
        strcmp(f->last_error, "invalid_client") != 0) {
        tk_steps_ok(&f->p->steps, "%s, with the secret that the gateway has", f->client_id);
        return true;
    }
    secret = tk_secret_of(&f->p->secrets, f->client_id);
    if (secret == NULL)
        return need(f, "client_secret", "--secret-file or --secret-fd");
    if (!set(f, "client_secret", secret))
        return false;
    tk_steps_ok(&f->p->steps, "%s, secret taken (%zu characters)", f->client_id, strlen(secret));
    return true;
}

/* Handled elsewhere, or no setting of the console. */
static bool is_own(const char *key)
{
    static const char *const own[] = {"gateway", "serial",    "account", "user",
                                      "note",    "client_id", "portal"};

    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        if (strcmp(key, own[i]) == 0)
            return true;
    }
    return false;
}

static bool set_others(struct tk_flow *f)
{
    size_t count = 0;

    tk_steps_begin(&f->p->steps, "settings");
    for (size_t i = 0; i < f->plan->count; i++) {
        const char *key = f->plan->values[i].key;

        if (is_own(key))
            continue;
        if (!set(f, key, f->plan->values[i].value))
            return false;
        count++;
    }
    if (count > 0)
        tk_steps_ok(&f->p->steps, "%zu set", count);
    return true;
}

bool tk_flow_configure(struct tk_flow *f)
{
    tk_steps_begin(&f->p->steps, "portal");
    if (!provide(f, &portal, f->portal, sizeof f->portal))
        return false;
    tk_steps_ok(&f->p->steps, "%s", f->portal);
    tk_steps_begin(&f->p->steps, "client");
    return provide(f, &client_id, f->client_id, sizeof f->client_id) && set_secret(f) &&
           set_others(f);
}

/* --- check --- */

struct stages {
    char failed[48]; /* the first that failed */
    char until[40];  /* the certificate that ends first */
    char tls[24];
};

static struct stages stages;

static void take_stage(void *owner, char *line)
{
    char *value = tk_gateway_split(line), *until;

    (void)owner;
    if (value == NULL || strstr(line, ".host") != NULL)
        return;
    if (strncmp(value, "ok", 2) != 0 && strncmp(value, "skipped", 7) != 0 &&
        stages.failed[0] == '\0')
        snprintf(stages.failed, sizeof stages.failed, "%.40s", line);
    until = strstr(value, "until=");
    if (until != NULL && (stages.until[0] == '\0' || strcmp(until + 6, stages.until) < 0))
        snprintf(stages.until, sizeof stages.until, "%.10s", until + 6);
    if (strstr(line, ".tls") != NULL && strncmp(value, "ok ", 3) == 0)
        snprintf(stages.tls, sizeof stages.tls, "%.20s", value + 3);
}

bool tk_flow_check(struct tk_flow *f)
{
    char words[sizeof f->gateway.words + 64];

    memset(&stages, 0, sizeof stages);
    tk_steps_begin(&f->p->steps, "check");
    enum tk_gateway_result result = tk_flow_try(f, "check", TK_GATEWAY_SLOW_MS, take_stage);

    if (result == TK_GATEWAY_ERR && stages.failed[0] != '\0') {
        snprintf(words, sizeof words, "at %s: %s", stages.failed, f->gateway.words);
        return tk_flow_fail(f, tk_gateway_status(&f->gateway, result), f->gateway.code, words);
    }
    if (result != TK_GATEWAY_OK)
        return tk_flow_fail_result(f, result);
    tk_steps_ok(&f->p->steps, "clock, seed, store, name, TCP, %s, certificates until %s",
                stages.tls, stages.until);
    return true;
}
