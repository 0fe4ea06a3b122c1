/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_MESSAGE_H
#define TK_MESSAGE_H

/*
 * What an escalation says, as JSON: by a template of the operator's (tk_template.h), or by our own.
 * Each member is a word of a template, by its name. Pure functions.
 */

#include "tk_err.h"
#include "tk_text.h"

enum { TK_MESSAGE_MAX = 1024 }; /* bytes of one */

struct tk_message {
    const char *event;        /* raised, cleared or test */
    const char *account;      /* its reference name */
    const char *device;       /* its id */
    const char *portal;       /* host[:port] */
    const char *ref;          /* <device>-<account>-<since>: what belongs together */
    const char *cause;        /* a code of tk_errors.h */
    const char *action;       /* what to do, in words; "" when it is over */
    const char *server_error; /* the server's own word for it; "" without one */
    int64_t level;            /* 1 to 4; of the fault that is over too */
    int64_t since;            /* unix time */
    int64_t next_try;         /* unix time; 0: none comes by itself */
    int64_t attempts;         /* that failed in a row */
};

/* template: "" is our own. TK_E_TEMPLATE_WORD. */
enum tk_err tk_message_write(struct tk_text *t, const char *template, const struct tk_message *m);

/* Whether a template gives a JSON object, whatever its values are, that fits. work has size bytes,
 * TK_MESSAGE_MAX + 2 at least. TK_E_TEMPLATE_WORD, TK_E_TEMPLATE_JSON, TK_E_NO_MEMORY. */
enum tk_err tk_message_check(const char *template, char *work, size_t size);

#endif
