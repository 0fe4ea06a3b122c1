/* SPDX-License-Identifier: Apache-2.0 */
#include "call_job.h"

#include "tk_json.h"
#include "tk_string.h"

#include <string.h>

enum { ERROR_TOKENS = 256, SECRET_MIN = 40 /* letters and digits in a row: no word is so long */ };

/* --- the portal's own words --- */

/* Replaces what may be a token or a secret that the portal says back. */
static void hide_secrets(char *text)
{
    char *to = text;

    for (size_t len; *text != '\0'; text += len) {
        for (len = 0; tk_is_alnum(text[len]);)
            len++;
        bool is_secret = len >= SECRET_MIN;

        len += len == 0;
        memmove(to, is_secret ? "..." : text, is_secret ? 3 : len);
        to += is_secret ? 3 : len;
    }
    *to = '\0';
}

/* Bytes of the control character at text; 0: it is another one. */
static size_t control(const char *text)
{
    unsigned char c = (unsigned char)text[0], next = (unsigned char)text[1];

    if (c == 0xc2 && next >= 0x80 && next < 0xa0)
        return 2;
    return c < ' ' || c == 0x7f;
}

/* text as one printable line, cut at the end of a character. */
static void put_words(struct tk_call_job *job, const char *text)
{
    size_t len = 0;

    for (; text[len] != '\0' && len < sizeof job->words - 1; len++) {
        bool is_end = len > 0 && control(text + len - 1) == 2;

        job->words[len] = is_end || control(text + len) > 0 ? ' ' : text[len];
    }
    while (text[len] != '\0' && len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
        len--;
    job->words[len] = '\0';
    hide_secrets(job->words);
}

/* Keeps the text of an error in the answer, if there is one: v2 has it beside the code, v3 with it.
 */
static void find_words(struct tk_call_job *job)
{
    static jsmntok_t tokens[ERROR_TOKENS];
    const char *text;
    struct tk_json j;

    if (!tk_json_parse(&j, job->said, job->said_len, tokens, ERROR_TOKENS))
        return;
    text = tk_json_text(&j, tk_json_member(&j, 0, "error_description"));
    if (text == NULL)
        text = tk_json_text(&j, tk_json_member(&j, tk_json_member(&j, 0, "error"), "message"));
    if (text != NULL)
        put_words(job, text);
}

static void keep(struct tk_call_job *job, const char *bytes, size_t len)
{
    size_t room = sizeof job->said - 1 - job->said_len, n = len < room ? len : room;

    memcpy(job->said + job->said_len, bytes, n);
    job->said_len += n;
    job->said[job->said_len] = '\0';
}

/* --- one call --- */

static bool take(void *owner, const char *bytes, size_t len)
{
    struct tk_call_job *job = owner;

    keep(job, bytes, len);
    if (job->walk.begin == NULL)
        (void)tk_print_add(&job->out, bytes, len);
    else
        tk_walk_feed(&job->walk, bytes, len);
    if (job->flushes)
        (void)tk_print_flush(&job->out);
    return !job->stopped && !job->out.is_closed;
}

static void show_wait(void *owner)
{
    struct tk_call_job *job = owner;

    tk_print_wait(&job->out);
}

int tk_call_run(struct tk_call_job *job, const char *method, const struct tk_buffer *body)
{
    struct tk_call_answer answer;
    struct tk_call_request request = {.path = job->path,
                                      .ref = job->options->ref,
                                      .method = method,
                                      .body = body->bytes,
                                      .len = body->len,
                                      .reads = job->options->safe,
                                      .wait_s = job->wait_s,
                                      .timeout_s = job->timeout_s,
                                      .waits = show_wait};

    job->stopped = false;
    job->said_len = 0;
    job->out.waited_s = 0;
    if (!tk_call_ask(&request, take, job, &answer))
        return tk_call_signal() != 0 ? TK_EXIT_RETRY : TK_EXIT_OK;
    job->has_next = answer.has_next;
    job->more = (uint64_t)answer.more;
    job->command = answer.command;
    if (answer.ok)
        return TK_EXIT_OK;
    (void)tk_print_flush(&job->out);
    job->words[0] = '\0';
    if (answer.status == TK_EXIT_REFUSED)
        find_words(job);
    return tk_print_error(&job->out, &answer, job->words);
}

int tk_call_show(struct tk_call_job *job, const char *method, const struct tk_buffer *body)
{
    (void)tk_print_add(&job->out, "POST /rest/", 11);
    (void)tk_print_add(&job->out, method, strlen(method));
    (void)tk_print_add(&job->out, "\n", 1);
    (void)tk_print_add(&job->out, body->bytes, body->len);
    (void)tk_print_add(&job->out, "\n", 1);
    return TK_EXIT_OK;
}

/* --- the result of a call --- */

static bool is_result(struct tk_walk *w, char first)
{
    (void)first;
    return w->depth == 1 && strcmp(w->names[0], "result") == 0;
}

static void print_result(struct tk_walk *w, const char *bytes, size_t len, bool is_end)
{
    struct tk_call_job *job = w->owner;

    (void)tk_print_add(&job->out, bytes, len);
    if (is_end)
        (void)tk_print_add(&job->out, "\n", 1);
}

/* The first page could be taken for all rows; a program has --raw. */
static void report_more(struct tk_call_job *job)
{
    if (!job->has_next || !job->out.is_terminal || !tk_print_flush(&job->out))
        return;
    tk_print_clear(&job->out);
    if (job->more > 0)
        tk_host_message("%llu more rows: --all prints them", (unsigned long long)job->more);
    else
        tk_host_message("there are more rows: --all prints them");
}

int tk_call_result(struct tk_call_job *job, const char *method, const struct tk_buffer *body)
{
    if (job->options->dry_run)
        return tk_call_show(job, method, body);
    job->walk = (struct tk_walk){.owner = job};
    if (!job->options->raw) {
        job->walk.begin = is_result;
        job->walk.take = print_result;
    }
    int status = tk_call_run(job, method, body);

    if (status == TK_EXIT_OK && !job->options->raw)
        report_more(job);
    return status;
}
