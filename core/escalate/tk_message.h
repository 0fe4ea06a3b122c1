/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_MESSAGE_H
#define TK_MESSAGE_H

/*
 * The body of an alert's POST, as JSON: from a template of the operator's (tk_template.h) or from
 * the default one. Each member is a word of the template. Pure functions.
 */

#include "tk_err.h"
#include "tk_text.h"

enum { TK_MESSAGE_MAX = 1024 }; /* bytes of a body */

struct tk_message {
    const char *event;        /* raised, cleared or test */
    const char *account;      /* reference name */
    const char *device;       /* device id */
    const char *portal;       /* host[:port] */
    const char *ref;          /* <device>-<account>-<since>, the same in all POSTs of a fault */
    const char *cause;        /* a code of tk_errors.h */
    const char *action;       /* its hint; "" if cleared */
    const char *server_error; /* error code from the server, the word {said}; "": none */
    int64_t level;            /* 1 to 4; if cleared, the highest that was posted */
    int64_t since;            /* Unix time; 0: unknown */
    int64_t next_try;         /* Unix time of the next refresh; 0: none scheduled */
    int64_t attempts;         /* failed refreshes in a row */
};

/* Appends the body; template "" is the default one. TK_E_TEMPLATE_WORD, TK_E_TEMPLATE_JSON. */
enum tk_err tk_message_write(struct tk_text *t, const char *template, const struct tk_message *m);

/* Whether a template yields a JSON object that fits, whatever its values are. work is scratch
 * memory of size bytes, at least TK_MESSAGE_MAX + 2. TK_E_TEMPLATE_WORD, TK_E_TEMPLATE_JSON,
 * TK_E_NO_MEMORY. */
enum tk_err tk_message_check(const char *template, char *work, size_t size);

#endif
