/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_ROWS_H
#define TK_ROWS_H

/* The lines of `status` and `show`: a key, and a function that writes its value. For a command in
 * steps: the account is that of its job. */

#include "tk_console.h"

struct tk_row {
    const char *key;
    void (*value)(struct tk_console *c, struct tk_text *t);
};

void tk_row_print(struct tk_console *c, const struct tk_row *row);

/* Values that both commands print. */
void tk_row_ref(struct tk_console *c, struct tk_text *t);
void tk_row_portal(struct tk_console *c, struct tk_text *t);
void tk_row_scope(struct tk_console *c, struct tk_text *t);
void tk_row_renew(struct tk_console *c, struct tk_text *t);
void tk_row_auth_host(struct tk_console *c, struct tk_text *t);

#endif
