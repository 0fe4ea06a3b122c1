/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_err.h"

#include <stdint.h>
#include <string.h>

static const struct {
    const char *code;
    const char *words;
    uint8_t action;
} errors[] = {
    {"ok", "", TK_ACTION_NONE},
#define TK_ERROR(id, code, action, words) {code, words, TK_ACTION_##action},
#include "tk_errors.h"
#undef TK_ERROR
};

const char *tk_err_code(enum tk_err err)
{
    return errors[err].code;
}

const char *tk_err_words(enum tk_err err)
{
    return errors[err].words;
}

enum tk_action tk_err_action(enum tk_err err)
{
    return (enum tk_action)errors[err].action;
}

enum tk_err tk_err_from_code(const char *code)
{
    for (int err = 1; err < TK_E_COUNT; err++) {
        if (strcmp(errors[err].code, code) == 0)
            return (enum tk_err)err;
    }
    return TK_OK;
}
