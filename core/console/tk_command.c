/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_command.h"

#include <mbedtls/sha256.h>
#include <string.h>

char *tk_command_word(char **args)
{
    char *word = *args;
    size_t len = strcspn(word, " ");

    *args = word + len + strspn(word + len, " ");
    word[len] = '\0';
    return word;
}

void tk_command_key(struct tk_text *t, const char *key)
{
    if (t->len > 0)
        tk_text_char(t, ' ');
    tk_text_add(t, key);
    tk_text_char(t, '=');
}

static void add_name(struct tk_text *t, const char *name)
{
    tk_text_add(t, name);
    tk_text_add(t, name[0] == '\0' ? "" : "_");
}

void tk_command_masked(struct tk_text *t, const char *name, const char *secret)
{
    uint8_t digest[32];

    add_name(t, name);
    tk_text_add(t, "len=");
    tk_text_int(t, (int64_t)strlen(secret));
    tk_text_char(t, ' ');
    add_name(t, name);
    tk_text_add(t, "sha256=");
    (void)mbedtls_sha256((const uint8_t *)secret, strlen(secret), digest, 0);
    tk_text_hex(t, digest, 4);
}

void tk_command_worn(struct tk_console *c, struct tk_text *t, const char *before)
{
    uint32_t worn, sectors;

    if (!tk_storage_worn(&c->env->rt->storage, &worn, &sectors))
        return;
    tk_text_add(t, before);
    tk_text_int(t, worn);
    tk_text_char(t, '/');
    tk_text_int(t, sectors);
}

void tk_command_pair(struct tk_text *t, const char *key, const char *value)
{
    tk_command_key(t, key);
    tk_text_add(t, value);
}

void tk_command_ok(struct tk_console *c, const char *key, const char *value)
{
    char buf[TK_PAIRS_SIZE];
    struct tk_text t;

    tk_text_init(&t, buf, sizeof buf);
    tk_command_pair(&t, key, value);
    tk_console_ok(c, &t);
}

static bool is_refusal(enum tk_security_type type)
{
    return type == TK_SECURITY_OTHER_USER || type == TK_SECURITY_WRONG_STATE;
}

void tk_command_report(struct tk_console *c, enum tk_security_type type, const struct tk_account *a,
                       const char *key)
{
    struct tk_runtime *rt = c->env->rt;

    tk_runtime_security(rt, type, a == NULL ? TK_NO_ACCOUNT : a->index, a == NULL ? NULL : a->name,
                        key);
    if (!is_refusal(type))
        (void)tk_storage_commit(&rt->storage, NULL, 0); /* else with the next commit */
}

void tk_command_wait(struct tk_console *c, tk_console_step step, uint32_t wait_ms)
{
    tk_console_continue(c, step);
    c->job.waiting = true;
    c->job.deadline_ms = tk_runtime_now(c->env->rt) + wait_ms;
}

bool tk_command_is_late(const struct tk_console *c)
{
    return tk_runtime_now(c->env->rt) >= c->job.deadline_ms;
}
