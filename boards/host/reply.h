/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_HOST_REPLY_H
#define TK_HOST_REPLY_H

/* What the service sends to a client, as PROTOCOL.md says. A client that does not read its answers
 * is marked as lost. */

#include "control.h"

enum {
    TK_PROTOCOL = 2,       /* 1 was that of version 0.1, which had no greeting */
    TK_REPLY_SIZE = 12288, /* bytes of an answer: a token and a scope may be escaped */
    TK_PIECE_MAX = 1024,
    TK_PIECE_HEAD = 8 /* bytes of its length, "1024\n", and room */
};

/* role: "admin", "get" or "call". */
void tk_reply_greeting(struct tk_control_client *client, const char *role);

/* An error instead of a greeting, on a line of its own, as clients of 0.1 expect it. The client is
 * lost. */
void tk_reply_no_greeting(struct tk_control_client *client, const char *code, const char *words,
                          int status);

/* Closes the object in t and sends it as a line. */
void tk_reply_line(struct tk_control_client *client, struct tk_text *t);

/* Begins an answer with "ok":true; the caller adds members and calls tk_reply_send. */
void tk_reply_begin(struct tk_text *t, char buf[TK_REPLY_SIZE]);

/* Adds the beginning of an error; status: of a program that ends with it. */
void tk_reply_begin_error(struct tk_text *t, const char *code, const char *words, int status);

void tk_reply_name(struct tk_text *t, const char *name);
void tk_reply_string(struct tk_text *t, const char *name, const char *value);
void tk_reply_number(struct tk_text *t, const char *name, int64_t value);
void tk_reply_bool(struct tk_text *t, const char *name, bool value);

/* Completes, sends and wipes an answer. */
void tk_reply_send(struct tk_control_client *client, struct tk_text *t);

/* An error as the answer to a request; status: of a program that ends with it. */
void tk_reply_error(struct tk_control_client *client, enum tk_err err, int status);
void tk_reply_words(struct tk_control_client *client, const char *code, const char *words,
                    int status);

#endif
