/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_OUTPUT_H
#define TK_OUTPUT_H

/*
 * The output queue of a console line: answers, prompts and echoes as bytes, and EVT and LOG lines
 * that wait until an answer has ended. Nothing blocks but tk_output_drain.
 */

#include "tk_limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tk_port;

struct tk_output {
    struct tk_port *port;
    unsigned number; /* of the console line in tk_console_io.h */
    bool at_column_0;
    bool prompted;  /* the last thing written is a prompt */
    uint32_t lines; /* written so far */
    size_t len;
    size_t async_len;
    uint32_t async_lost; /* lines */

    /* large members last: Thumb load/store offsets are limited to 124 bytes */
    char buf[TK_CONSOLE_OUT];
    char async[TK_CONSOLE_ASYNC]; /* lines, each with its NUL */
};

void tk_output_init(struct tk_output *o, struct tk_port *port, unsigned number);

/* Free bytes of the queue, and whether the longest line of an answer fits them. */
size_t tk_output_room(const struct tk_output *o);
bool tk_output_has_room(const struct tk_output *o);

/* Queues bytes. What does not fit is dropped whole: commands only step while a line fits. */
void tk_output_put(struct tk_output *o, const char *s, size_t len);
void tk_output_text(struct tk_output *o, const char *s);

/* CRLF, unless the column is 0. */
void tk_output_new_line(struct tk_output *o);

/* A line of its own. */
void tk_output_line(struct tk_output *o, const char *s);

/* The prompt on a line of its own, unless it is the last thing written. */
void tk_output_prompt(struct tk_output *o);

/* Queues an EVT or LOG line until tk_output_flush_async; a full queue drops it and counts it. */
void tk_output_async(struct tk_output *o, const char *line);

/* Writes the queued EVT and LOG lines: between answers. A prompt that stood there is repeated
 * behind them; a half-typed line is not. */
void tk_output_flush_async(struct tk_output *o);

/* Hands the port what it takes now. 0, or TK_CONSOLE_CLOSED. */
int tk_output_flush(struct tk_output *o);

/* Waits until the port took everything, 2 s at most. */
void tk_output_drain(struct tk_output *o);

#endif
