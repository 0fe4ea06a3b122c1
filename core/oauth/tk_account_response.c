/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_account_response.h"

#include "tk_account_load.h"
#include "tk_http_shape.h"

#include <string.h>

enum { SECRET_RUN = 8, ENCODED_RUN = 16 };

/* --- secrets --- */

/* True if the first len characters of part occur in text, in any case. */
static bool has_part(const char *text, const char *part, size_t len)
{
    while (*text != '\0' && !tk_same_nocase_n(text, part, len))
        text++;
    return *text != '\0';
}

static bool leaks(const char *text, const char *secret)
{
    size_t len = strlen(secret), run = len < SECRET_RUN ? len : SECRET_RUN;

    for (; len > 0 && len >= run; secret++, len--) {
        if (has_part(text, secret, run))
            return true;
    }
    return false;
}

static bool leaks_previous_token(const struct tk_account *a, const char *text)
{
    char previous[TK_TOKEN_MAX + 1];
    bool is_leak = tk_account_previous_refresh_token(a, previous) && leaks(text, previous);

    tk_wipe(previous, sizeof previous);
    return is_leak;
}

static bool leaks_next_secret(const struct tk_account *a, const char *text)
{
    char next[TK_SECRET_MAX + 1];
    bool is_leak = tk_account_next_secret(a, next) && leaks(text, next);

    tk_wipe(next, sizeof next);
    return is_leak;
}

bool tk_account_leaks(const struct tk_account *a, const char *text)
{
    return leaks(text, a->client.client_secret) || leaks(text, a->auth.code) ||
           leaks(text, a->auth.refresh_token) || leaks(text, a->pair.access) ||
           leaks(text, a->pair.refresh) || leaks_previous_token(a, text) ||
           leaks_next_secret(a, text);
}

/* --- words --- */

/* No word of a language: a secret may stand there in base64, hex or percent encoding. */
static bool looks_encoded(const char *s)
{
    unsigned run = 0, digits = 0;

    for (; *s != '\0' && *s != '%'; s++) {
        run = tk_is_alnum(*s) ? run + 1 : 0;
        digits = run == 0 ? 0 : digits + tk_is_digit(*s);
        if (run > ENCODED_RUN && digits > 0)
            break;
    }
    return *s != '\0';
}

static bool is_plain(const char *s)
{
    while (tk_is_alnum(*s) || *s == '_' || *s == '-')
        s++;
    return *s == '\0';
}

static bool is_shown_code(const struct tk_account *a, const char *code)
{
    return tk_oauth_is_listed(code) ||
           (strlen(code) <= TK_SERVER_ERROR_MAX && is_plain(code) && !tk_account_leaks(a, code));
}

static bool is_word(const struct tk_account *a, const char *code)
{
    return is_shown_code(a, code) && !looks_encoded(code);
}

static void note_description(struct tk_account *a, const char *description)
{
    char *s = a->detail;

    bool is_shown = !looks_encoded(description) && !tk_account_leaks(a, description);

    tk_copy(s, sizeof a->detail, is_shown ? description : "unlisted");
    for (; *s != '\0'; s++) {
        if (*s < ' ' || *s > '~')
            *s = '?';
    }
}

const char *tk_account_shown_code(const struct tk_account *a, const char *code)
{
    return is_word(a, code) ? code : "unlisted";
}

/* --- the response --- */

static struct tk_text begin_answer(struct tk_account *a, bool is_retained)
{
    struct tk_text t;

    tk_text_init(&t, a->detail, sizeof a->detail);
    a->is_answer = true;
    a->is_retained = is_retained;
    return t;
}

static void note_detail(struct tk_account *a, const struct tk_http *http, enum tk_err err,
                        const struct tk_server_error *error)
{
    if (a->is_retained && err != TK_OK)
        return;
    a->is_answer = a->is_retained = false;
    a->detail[0] = '\0';
    if (http == NULL || err == TK_OK)
        return;
    if (*error->code != '\0') {
        note_description(a, error->description);
    } else if (tk_err_action(err) == TK_ACTION_RETRY) {
        struct tk_text t = begin_answer(a, http->status / 100 == 2);

        tk_http_shape(&t, http);
    }
}

void tk_account_note_response(struct tk_account *a, const struct tk_http *http, enum tk_err err,
                              const struct tk_server_error *error)
{
    tk_copy(a->server_error, sizeof a->server_error, tk_account_shown_code(a, error->code));
    note_detail(a, http, err, error);
}

static void note_long_token(struct tk_account *a, uint32_t len)
{
    struct tk_text t = begin_answer(a, true);

    tk_text_print(&t, "token_length=%u token_max=%u", (unsigned)len, (unsigned)TK_TOKEN_MAX);
}

static const char *shown(const struct tk_account *a, const char *code)
{
    return is_shown_code(a, code) ? code : "unlisted";
}

void tk_account_note_other(struct tk_account *a, const char *was, const char *now)
{
    struct tk_text t = begin_answer(a, false);

    tk_text_print(&t, "was=%s now=%s", shown(a, was), shown(a, now));
}

enum tk_err tk_account_read_tokens(struct tk_account *a, const struct tk_http *http,
                                   enum tk_err err, bool needs_both,
                                   struct tk_token_response *response)
{
    err = tk_oauth_read_token_response(http, err, tk_time_or_0(&a->rt->time), response);
    if (err == TK_OK && needs_both && response->refresh_token[0] == '\0')
        err = TK_E_BAD_ANSWER;
    tk_account_note_response(a, http, err, &response->error);
    if (err == TK_E_TOKEN_TOO_LONG)
        note_long_token(a, response->token_len);
    return err;
}
