/* SPDX-License-Identifier: Apache-2.0 */
#include "call_output.h"

#include "buffer.h"
#include "call.h"
#include "host.h"
#include "service.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { COUNT_MS = 200, WAIT_SHOWN_S = 2, STATUS_WIDTH = 75 };

void tk_print_init(struct tk_call_output *o, bool json)
{
    *o = (struct tk_call_output){.json = json};
    o->is_terminal = isatty(STDERR_FILENO) != 0;
    o->counts = o->is_terminal && isatty(STDOUT_FILENO) == 0;
    (void)signal(SIGPIPE, SIG_IGN); /* a write reports it */
}

/* A reader that has seen enough, such as head, is no error. */
static void note_failure(struct tk_call_output *o)
{
    o->is_closed = true;
    if (errno == EPIPE)
        return;
    o->has_failed = true;
    tk_host_message("cannot write the result: %s", strerror(errno));
}

bool tk_print_flush(struct tk_call_output *o)
{
    if (o->len > 0) {
        o->is_mid_line = o->bytes[o->len - 1] != '\n';
        if (!o->counts || o->waited_s >= WAIT_SHOWN_S)
            tk_print_clear(o);
        o->waited_s = 0;
    }
    for (size_t at = 0; at < o->len && !o->is_closed;) {
        ssize_t n = write(STDOUT_FILENO, o->bytes + at, o->len - at);

        if (n >= 0)
            at += (size_t)n;
        else if (errno != EINTR)
            note_failure(o);
    }
    o->len = 0;
    return !o->is_closed;
}

bool tk_print_add(struct tk_call_output *o, const char *bytes, size_t len)
{
    while (len > 0 && !o->is_closed) {
        size_t room = sizeof o->bytes - o->len, n = len < room ? len : room;

        memcpy(o->bytes + o->len, bytes, n);
        o->len += n;
        bytes += n;
        len -= n;
        if (o->len == sizeof o->bytes)
            (void)tk_print_flush(o);
    }
    return !o->is_closed;
}

/* The answer's object, with what the portal says of its error. */
static void print_json(const char *json, const char *said)
{
    struct tk_buffer text = {.max = TK_CALL_BODY_MAX};
    size_t len = strlen(said);

    if (len > 0 && tk_is_utf8(said, len))
        tk_buffer_json(&text, said, len);
    if (text.len > 0 && tk_buffer_ok(&text))
        fprintf(stderr, "%.*s,\"error_description\":%s}\n", (int)strlen(json) - 1, json,
                text.bytes);
    else
        fprintf(stderr, "%s\n", json);
    tk_buffer_free(&text);
}

int tk_print_error(struct tk_call_output *o, const struct tk_call_answer *answer, const char *said)
{
    const char *words = said[0] != '\0' ? said : answer->words;

    tk_print_clear(o);
    if (o->json && answer->json[0] != '\0')
        print_json(answer->json, said);
    else if (o->json)
        fprintf(stderr, "{\"ok\":false,\"error\":\"%s\",\"exit\":%d}\n", answer->error,
                answer->status);
    else if (answer->retry_in_s >= 0)
        tk_host_message("%s: %s; try again in %lld s", answer->error, words,
                        (long long)answer->retry_in_s);
    else
        tk_host_message("%s: %s", answer->error, words);
    return answer->status;
}

void tk_print_count(struct tk_call_output *o, uint64_t rows)
{
    uint64_t now_ms = tk_service_now();

    o->rows = rows;
    if (!o->counts || now_ms < o->next_ms)
        return;
    o->next_ms = now_ms + COUNT_MS;
    tk_print_clear(o);
    fprintf(stderr, "%llu rows", (unsigned long long)rows);
    (void)fflush(stderr);
    o->has_status = true;
}

void tk_print_wait(struct tk_call_output *o)
{
    if (!o->is_terminal || (!o->counts && o->is_mid_line) || ++o->waited_s < WAIT_SHOWN_S)
        return;
    tk_print_clear(o);
    if (o->rows > 0)
        fprintf(stderr, "%llu rows; ", (unsigned long long)o->rows);
    fprintf(stderr, "waiting for the portal or its limits, %u s", o->waited_s);
    (void)fflush(stderr);
    o->has_status = true;
}

void tk_print_clear(struct tk_call_output *o)
{
    if (o->has_status)
        fprintf(stderr, "\r%*s\r", STATUS_WIDTH, "");
    o->has_status = false;
}

int tk_print_end(struct tk_call_output *o, int status)
{
    (void)tk_print_flush(o);
    tk_print_clear(o);
    if (o->has_failed)
        return TK_EXIT_INTERNAL;
    return o->is_closed ? TK_EXIT_OK : status;
}
