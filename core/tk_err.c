/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_err.h"

#include <stdint.h>
#include <string.h>

static const char *const codes[] = {
    "ok",
#define TK_ERROR(id, code, action, words) code,
#include "tk_errors.h"
#undef TK_ERROR
};

static const uint8_t actions[] = {
    TK_ACTION_NONE,
#define TK_ERROR(id, code, action, words) TK_ACTION_##action,
#include "tk_errors.h"
#undef TK_ERROR
};

const char *tk_err_code(enum tk_err err)
{
    return codes[err];
}

enum tk_action tk_err_action(enum tk_err err)
{
    return (enum tk_action)actions[err];
}

enum tk_err tk_err_from_code(const char *code)
{
    for (int err = 1; err < TK_E_COUNT; err++) {
        if (strcmp(codes[err], code) == 0)
            return (enum tk_err)err;
    }
    return TK_OK;
}
