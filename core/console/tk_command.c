/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_command.h"

#include "tk_words.h"

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
    tk_text_print(t, "%s%s=", t->len > 0 ? " " : "", key);
}

void tk_command_masked(struct tk_text *t, const char *name, const char *secret)
{
    const char *join = name[0] == '\0' ? "" : "_";
    uint8_t digest[32];

    tk_text_print(t, "%s%slen=%u %s%ssha256=", name, join, (unsigned)strlen(secret), name, join);
    (void)mbedtls_sha256((const uint8_t *)secret, strlen(secret), digest, 0);
    tk_text_hex(t, digest, 4);
}

void tk_command_scrub(struct tk_console *c, struct tk_text *t)
{
    uint32_t sectors, left = tk_storage_scrub(&c->env->rt->storage, &sectors);

    if (left == 0)
        return;
    tk_command_key(t, "left");
    tk_text_print(t, "%u/%u", (unsigned)left, (unsigned)sectors);
}

void tk_command_worn(struct tk_console *c, struct tk_text *t, const char *before)
{
    uint32_t worn, sectors;

    if (!tk_storage_worn(&c->env->rt->storage, &worn, &sectors))
        return;
    tk_text_print(t, "%s%u/%u", before, (unsigned)worn, (unsigned)sectors);
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

void tk_command_err_hint(struct tk_console *c, enum tk_hint hint)
{
    tk_console_err_string(c, TK_E_BAD_VALUE, tk_words_of(TK_WORDS_HINTS, hint));
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
