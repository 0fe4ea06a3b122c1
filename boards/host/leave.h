/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_HOST_LEAVE_H
#define TK_HOST_LEAVE_H

/* What is typed at a terminal to leave a console: looks on, and knows the line that is being typed
 * well enough for that. Zero it. */

#include <stdbool.h>
#include <stddef.h>

struct tk_leave {
    size_t len;    /* of the line; more than its text holds: it is no word */
    bool is_armed; /* the last key was Ctrl-C, at an empty line */
    char text[8];
};

enum tk_leave_event {
    TK_LEAVE_NOT,
    TK_LEAVE_WORD,      /* the end of the line `exit` or `quit` */
    TK_LEAVE_END,       /* Ctrl-D at an empty line */
    TK_LEAVE_INTERRUPT, /* Ctrl-C at an empty line ... */
    TK_LEAVE_AGAIN      /* ... and once more */
};

enum tk_leave_event tk_leave_byte(struct tk_leave *l, char byte);

#endif
