/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_call_body.h"

#include "tk_assert.h"

#include <string.h>

/* The members that only the keeper sets. */
static const struct tk_json_field reserved[] = {
    {"auth", 0}, {"access_token", 0}, {"Authorization", 0}};

enum { RESERVED = sizeof reserved / sizeof reserved[0] };

static const struct tk_json_fields reserved_fields = {
    .of = reserved, .count = RESERVED, .any_case = true};

static bool is_allowed(const struct tk_json_pick *p)
{
    bool is_allowed = tk_json_pick_is_whole(p);

    for (unsigned i = 0; i < RESERVED; i++)
        is_allowed &= !tk_json_pick_has(p, i);
    return is_allowed;
}

enum tk_err tk_call_check_body(struct tk_call *call)
{
    char memory[64], piece[64];
    struct tk_json_pick p;
    unsigned field;

    TK_ASSERT(tk_json_pick_size(&reserved_fields) <= sizeof memory);
    tk_json_pick_begin(&p, &reserved_fields, memory);
    for (uint32_t offset = 0; offset < call->body_len;) {
        uint32_t left = call->body_len - offset;
        size_t n = call->produce(call, offset, piece, left < sizeof piece ? left : sizeof piece);
        const char *brace = memchr(piece, '{', n);

        if (n == 0)
            return TK_E_CANCELLED;
        if (call->request.body_len == 0 && brace != NULL)
            call->request.body_len = call->body_len - offset - (uint32_t)(brace - piece) - 1;
        tk_json_pick_feed(&p, piece, n);
        offset += (uint32_t)n;
    }
    call->is_empty = !tk_json_pick_first(&p, &field);
    return call->body_len == 0 || is_allowed(&p) ? TK_OK : TK_E_BAD_BODY;
}
