/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_err.h"

#include "tk_assert.h"

#include <stdint.h>
#include <string.h>

/* Concatenated: an array of pointers to them would cost 300 bytes more. */
static const char codes[] = "ok\0"
#define TK_ERROR(id, code, action, hint) code "\0"
#include "tk_errors.h"
#undef TK_ERROR
    ;

static const uint8_t actions[] = {
    TK_ACTION_NONE,
#define TK_ERROR(id, code, action, hint) TK_ACTION_##action,
#include "tk_errors.h"
#undef TK_ERROR
};

const char *tk_err_code(enum tk_err err)
{
    const char *at = codes;

    TK_ASSERT(err < TK_E_COUNT);
    for (int i = 0; i < (int)err; i++)
        at += strlen(at) + 1;
    return at;
}

enum tk_action tk_err_action(enum tk_err err)
{
    TK_ASSERT(err < TK_E_COUNT);
    return (enum tk_action)actions[err];
}
