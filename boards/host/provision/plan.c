/* SPDX-License-Identifier: Apache-2.0 */
#include "provision.h"

#include <string.h>

enum kind { PLAIN, SECRET, ASKED };

/* What a plan may have; the settings are those of the console, see test_provision_command.py. */
static const struct {
    const char *key;
    enum kind kind; /* ASKED: a secret that is asked for, and has no column */
} keys[] = {
    {"gateway", PLAIN},
    {"serial", PLAIN},
    {"account", PLAIN},
    {"portal", PLAIN},
    {"client_id", PLAIN},
    {"user", PLAIN},
    {"note", PLAIN},
    {"scope", PLAIN},
    {"auth_host", PLAIN},
    {"renew", PLAIN},
    {"corezoid_token_conv", PLAIN},
    {"corezoid_token_login", PLAIN},
    {"corezoid_token_key", SECRET},
    {"corezoid_token_ref", PLAIN},
    {"corezoid_token_url", PLAIN},
    {"escalate_url", SECRET},
    {"escalate_level", PLAIN},
    {"escalate_template", SECRET},
    {"escalate_header", SECRET},
    {"corezoid_login", PLAIN},
    {"corezoid_key", SECRET},
    {"corezoid_conv", PLAIN},
    {"ip", PLAIN},
    {"ntp", PLAIN},
    {"client_secret", ASKED},
    {"client_secret_next", ASKED},
    {"console_pin", ASKED},
};

enum { KEYS = sizeof keys / sizeof keys[0] };

static size_t find(const char *key)
{
    size_t i = 0;

    while (i < KEYS && strcmp(keys[i].key, key) != 0)
        i++;
    return i;
}

bool tk_plan_is_secret(const char *key)
{
    size_t i = find(key);

    return i < KEYS && keys[i].kind != PLAIN;
}

bool tk_plan_is_column(const char *key)
{
    size_t i = find(key);

    return i < KEYS && keys[i].kind != ASKED;
}

const char *tk_plan_value(const struct tk_plan *plan, const char *key)
{
    for (size_t i = 0; i < plan->count; i++) {
        if (strcmp(plan->values[i].key, key) == 0)
            return plan->values[i].value;
    }
    return NULL;
}

bool tk_plan_add(struct tk_plan *plan, const char *key, const char *value)
{
    if (*value == '\0')
        return true;
    if (plan->count == TK_PLAN_VALUES)
        return false;
    plan->values[plan->count].key = key;
    plan->values[plan->count++].value = value;
    return true;
}
