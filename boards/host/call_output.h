/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CALL_OUTPUT_H
#define TK_CALL_OUTPUT_H

/* What `tokenkeeper call` prints: results on standard output, errors and a counter on standard
 * error. */

#include "call_link.h"

enum { TK_OUTPUT_SIZE = 64 * 1024 };

struct tk_call_output {
    bool json;       /* errors as JSON objects */
    bool is_closed;  /* the reader of standard output wants no more ... */
    bool has_failed; /* ... or it cannot be written, which was reported */
    size_t len;
    char bytes[TK_OUTPUT_SIZE];

    bool is_terminal; /* standard error is one ... */
    bool counts;      /* ... and standard output is none: a counter is shown */
    bool is_mid_line; /* of what was printed */
    bool has_status;  /* a line on standard error is to be removed */
    uint64_t next_ms;
    uint64_t rows;
    unsigned waited_s; /* for the current call */
};

void tk_print_init(struct tk_call_output *o, bool json);

/* Buffers up to TK_OUTPUT_SIZE. False: the output has ended. */
bool tk_print_add(struct tk_call_output *o, const char *bytes, size_t len);
bool tk_print_flush(struct tk_call_output *o);

/* Prints the error of a call, and returns its exit status. said: the portal's own words, or "". */
int tk_print_error(struct tk_call_output *o, const struct tk_call_answer *answer, const char *said);

/* Shows how many rows were printed, where standard error is a terminal and standard output is not.
 */
void tk_print_count(struct tk_call_output *o, uint64_t rows);

/* Shows that the call waits, where standard error is a terminal. Called each second. */
void tk_print_wait(struct tk_call_output *o);

/* Removes either. */
void tk_print_clear(struct tk_call_output *o);

/* The exit status of a command whose calls ended with status, after the rest was printed. */
int tk_print_end(struct tk_call_output *o, int status);

#endif
