/* SPDX-License-Identifier: Apache-2.0 */
#include "reply.h"

#include "host.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* Without waiting. */
static void send_all(struct tk_control_client *client, const char *bytes, size_t len)
{
    if (send(client->fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)len)
        client->is_lost = true;
}

void tk_reply_line(struct tk_control_client *client, struct tk_text *t)
{
    tk_text_add(t, "}\n");
    send_all(client, t->buf, t->len);
}

void tk_reply_name(struct tk_text *t, const char *name)
{
    tk_text_char(t, ',');
    tk_text_json(t, name);
    tk_text_char(t, ':');
}

void tk_reply_string(struct tk_text *t, const char *name, const char *value)
{
    tk_reply_name(t, name);
    tk_text_json(t, value);
}

void tk_reply_number(struct tk_text *t, const char *name, int64_t value)
{
    tk_reply_name(t, name);
    tk_text_int(t, value);
}

void tk_reply_bool(struct tk_text *t, const char *name, bool value)
{
    tk_reply_name(t, name);
    tk_text_add(t, value ? "true" : "false");
}

void tk_reply_begin_error(struct tk_text *t, const char *code, const char *words, int status)
{
    tk_text_add(t, "{\"ok\":false");
    tk_reply_string(t, "error", code);
    tk_reply_string(t, "words", words);
    tk_reply_number(t, "exit", status);
}

void tk_reply_greeting(struct tk_control_client *client, const char *role)
{
    char buf[128];
    struct tk_text t;

    tk_text_init(&t, buf, sizeof buf);
    tk_text_add(&t, "{\"tokenkeeper\":");
    tk_text_int(&t, TK_PROTOCOL);
    tk_reply_string(&t, "version", TK_VERSION);
    tk_reply_string(&t, "role", role);
    tk_reply_line(client, &t);
}

void tk_reply_no_greeting(struct tk_control_client *client, const char *code, const char *words,
                          int status)
{
    char buf[512];
    struct tk_text t;

    tk_text_init(&t, buf, sizeof buf);
    tk_reply_begin_error(&t, code, words, status);
    tk_reply_line(client, &t);
    client->is_lost = true;
}

void tk_reply_begin(struct tk_text *t, char buf[TK_REPLY_SIZE])
{
    tk_text_init(t, buf, TK_REPLY_SIZE);
    tk_text_add(t, "{\"ok\":true");
}

static void send_pieces(struct tk_control_client *client, const char *bytes, size_t len)
{
    char out[TK_REPLY_SIZE + (TK_REPLY_SIZE / TK_PIECE_MAX + 2) * TK_PIECE_HEAD];
    struct tk_text t;

    tk_text_init(&t, out, sizeof out);
    tk_text_add(&t, client->is_call ? "0\n" : ""); /* the portal has answered nothing */
    for (size_t at = 0; at < len;) {
        size_t n = len - at < TK_PIECE_MAX ? len - at : TK_PIECE_MAX;

        tk_text_int(&t, (int64_t)n);
        tk_text_char(&t, '\n');
        tk_text_addn(&t, bytes + at, n);
        at += n;
    }
    tk_text_add(&t, "0\n");
    send_all(client, t.buf, t.len);
    tk_wipe(out, t.len);
}

void tk_reply_send(struct tk_control_client *client, struct tk_text *t)
{
    tk_text_add(t, "}\n");
    if (tk_text_ok(t))
        send_pieces(client, t->buf, t->len);
    else
        tk_reply_error(client, TK_E_NO_MEMORY, TK_EXIT_INTERNAL);
    tk_wipe(t->buf, t->len);
}

void tk_reply_words(struct tk_control_client *client, const char *code, const char *words,
                    int status)
{
    char buf[1024];
    struct tk_text t;

    tk_text_init(&t, buf, sizeof buf);
    tk_reply_begin_error(&t, code, words, status);
    if (client->is_call)
        tk_reply_string(&t, "outcome", "not_sent");
    tk_text_add(&t, "}\n");
    send_pieces(client, t.buf, t.len);
}

void tk_reply_error(struct tk_control_client *client, enum tk_err err, int status)
{
    char words[TK_WORDS_MAX + 1];
    struct tk_text t;

    tk_text_init(&t, words, sizeof words);
    tk_words_add(&t, err);
    tk_reply_words(client, tk_err_code(err), words, status);
}
