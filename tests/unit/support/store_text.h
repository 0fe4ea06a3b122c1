/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_TEXT_H
#define STORE_TEXT_H

/* Values that are text, in the store of store_load.h. Include after cmocka.h. */

#include "store_load.h"

static inline int put(uint16_t key, const char *text)
{
    struct tk_store_piece piece = {text, (uint16_t)strlen(text)};
    struct tk_store_value value = {key, 1, &piece};

    return tk_store_commit(&s, &value, 1);
}

static inline bool has_text(uint16_t key, const char *text)
{
    char got[40] = "";

    return tk_store_get(&s, key, got, sizeof got - 1) == (int)strlen(text) &&
           strcmp(got, text) == 0;
}

#endif
