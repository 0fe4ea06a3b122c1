/* SPDX-License-Identifier: Apache-2.0 */

/* JSON: the parser of whole documents and the picker agree, and the picker's result does not depend
 * on how the document is cut. */

#include "fuzz.h"

#include "tk_json.h"
#include "tk_json_pick.h"

enum { MAX = 4096, TOKENS = 512, VALUE_MAX = 40 };

static const struct tk_json_field of[] = {{"error", VALUE_MAX}, {".code", VALUE_MAX},
                                          {"a", VALUE_MAX},     {"access_token", VALUE_MAX},
                                          {"expires", 8},       {"", 1}};
static const struct tk_json_fields fields = {.of = of, .count = sizeof of / sizeof of[0]};

/* step 0: in one piece */
static void pick(struct tk_json_pick *p, char *memory, const char *text, size_t len, size_t step)
{
    tk_json_pick_begin(p, &fields, memory);
    for (size_t at = 0, n; at < len; at += n) {
        n = step == 0 || step > len - at ? len - at : step;
        tk_json_pick_feed(p, text + at, n);
    }
}

static void compare(const struct tk_json_pick *a, const struct tk_json_pick *b)
{
    for (unsigned i = 0; i < fields.count; i++) {
        uint32_t len_a = 0, len_b = 0;
        const char *x = tk_json_pick_text(a, i, &len_a), *y = tk_json_pick_text(b, i, &len_b);

        CHECK((x == NULL) == (y == NULL) && len_a == len_b);
        CHECK(x == NULL || strcmp(x, y) == 0);
        CHECK(tk_json_pick_has(a, i) == tk_json_pick_has(b, i));
    }
    CHECK(tk_json_pick_is_whole(a) == tk_json_pick_is_whole(b));
    CHECK(tk_json_pick_is_clean(a) == tk_json_pick_is_clean(b));
}

/* A string of a valid document is what the picker has, unless it was cut or replaced. */
static void agree(struct tk_json *j, const struct tk_json_pick *p)
{
    static const unsigned checked[] = {2, 3};

    for (size_t i = 0; i < sizeof checked / sizeof checked[0]; i++) {
        uint32_t len = 0;
        const char *picked = tk_json_pick_text(p, checked[i], &len);
        int member = tk_json_member(j, 0, of[checked[i]].name);
        const char *text = tk_json_text(j, member);

        CHECK(member == TK_JSON_NONE || tk_json_pick_has(p, checked[i]));
        if (picked == NULL || text == NULL || len > VALUE_MAX ||
            strchr(picked, TK_JSON_OTHER) != NULL)
            continue;
        CHECK(j->tokens[member].type != JSMN_STRING || strcmp(picked, text) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char text[MAX + 1], whole_memory[1024], cut_memory[1024];
    static jsmntok_t tokens[TOKENS];
    struct fuzz_input in = {data, size};
    struct tk_json_pick whole, cut;
    struct tk_json j;
    size_t step = 1 + fuzz_byte(&in) % 7;
    size_t len = fuzz_string(&in, text, sizeof text);

    CHECK(tk_json_pick_size(&fields) <= sizeof whole_memory);
    pick(&whole, whole_memory, text, len, 0);
    pick(&cut, cut_memory, text, len, step);
    compare(&whole, &cut);
    if (tk_json_parse(&j, text, len, tokens, TOKENS) && tk_json_is_object(&j, 0)) {
        CHECK(tk_json_pick_is_whole(&whole));
        agree(&j, &whole);
    }
    return 0;
}
