/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_command.h"

#include "tk_token_serve.h"

#include <string.h>

static void answer_token(struct tk_console *c, const char *token, const struct tk_token_info *info)
{
    char buf[TK_TOKEN_MAX + 100];
    struct tk_text t;

    tk_text_init(&t, buf, sizeof buf);
    tk_text_print(&t, "access_token=%s expires_in=%u generation=%u%s", token,
                  (unsigned)info->expires_in, (unsigned)info->generation,
                  info->is_short ? " short=1" : "");
    tk_console_ok(c, &t);
    tk_wipe(buf, sizeof buf);
}

static enum tk_token_answer serve(struct tk_console *c, bool last, char token[TK_TOKEN_MAX + 1],
                                  struct tk_token_info *info)
{
    const char *ref = c->job.account->name;
    uint32_t min_valid_s = c->job.u.token.min_valid_s;

    if (last)
        return tk_token_serve_last(c->env->accounts, ref, min_valid_s, token, TK_TOKEN_MAX + 1,
                                   info);
    return tk_token_serve(c->env->accounts, ref, min_valid_s, token, TK_TOKEN_MAX + 1, info);
}

/* All that there is has the generation that the caller rejected. */
static void fail_rejected(struct tk_console *c)
{
    enum tk_err err = c->job.account->last_error;

    tk_console_err(c, err == TK_OK ? TK_E_TRY_LATER : err);
}

static void step_token(struct tk_console *c)
{
    char token[TK_TOKEN_MAX + 1];
    struct tk_token_info info;
    bool last = tk_command_is_late(c);

    switch (serve(c, last, token, &info)) {
    case TK_TOKEN_VALUE:
        if (info.generation == c->job.u.token.rejected)
            fail_rejected(c);
        else
            answer_token(c, token, &info);
        break;
    case TK_TOKEN_REFUSED:
        tk_console_err(c, info.err);
        break;
    default:
        c->job.waiting = true;
        if (last)
            tk_console_err(c, info.err == TK_OK ? TK_E_TRY_LATER : info.err);
    }
    tk_wipe(token, sizeof token);
}

static bool parse_number(const char *s, uint32_t *out)
{
    uint64_t value;

    if (!tk_parse_u64(s, strlen(s), UINT32_MAX, &value))
        return false;
    *out = (uint32_t)value;
    return true;
}

void tk_command_token(struct tk_console *c, char *args)
{
    static const char key[] = "rejected=";
    uint32_t min_valid_s = TK_MIN_VALID_DEFAULT, rejected = 0;
    bool good = true;

    while (*args != '\0' && good) {
        char *word = tk_command_word(&args);

        if (strncmp(word, key, strlen(key)) == 0)
            good = parse_number(word + strlen(key), &rejected);
        else
            good = parse_number(word, &min_valid_s);
    }
    if (!good) {
        tk_console_err_usage(c);
        return;
    }
    uint32_t wait_s =
        rejected == 0
            ? 0
            : tk_token_serve_rejected(c->env->accounts, tk_console_account(c)->name, rejected);

    if (wait_s > 0) {
        tk_console_err_retry(c, TK_E_TOO_SOON, wait_s);
        return;
    }
    tk_command_wait(c, step_token, TK_COMMAND_WAIT_MS);
    c->job.waiting = false; /* the first step follows at once */
    c->job.u.token.min_valid_s = min_valid_s;
    c->job.u.token.rejected = rejected;
}
