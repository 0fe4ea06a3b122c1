/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_STEPS_H
#define TK_STEPS_H

/* What `provision` reports: a line for each step with its time on stderr, or with json an object on
 * stdout: {"gateway","step","ms","ok","code","do"}. Lines are 80 columns wide at most. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tk_steps {
    bool json;
    char gateway[64];  /* its id; "" before it is known */
    const char *step;  /* the one under way */
    uint64_t began_ms; /* tick of its begin */
    uint64_t start_ms; /* of the gateway's first step */
};

/* Begins the first step of a gateway; those that follow begin with tk_steps_begin. */
void tk_steps_start(struct tk_steps *s);
void tk_steps_begin(struct tk_steps *s, const char *step);

/* Takes control bytes out of what a gateway has sent. */
void tk_steps_clean(char *text);

/* The step has succeeded; text is for an operator. */
void tk_steps_ok(struct tk_steps *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* It has failed: a code that does not change, and what to do. */
void tk_steps_fail(struct tk_steps *s, const char *code, const char *words);

/* The step goes on: what is waited for. */
void tk_steps_say(struct tk_steps *s, const char *words);

/* A line within a step: words, or an address that is never broken. */
void tk_steps_note(struct tk_steps *s, const char *words);
void tk_steps_link(struct tk_steps *s, const char *link);

#endif
