/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FUZZ_H
#define FUZZ_H

/* One input of a fuzzer, consumed from its beginning. A target is a C file with the function below;
 * it stops at a broken invariant with CHECK. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

struct fuzz_input {
    const uint8_t *at;
    size_t left;
};

/* 0 after the end. */
static inline uint8_t fuzz_byte(struct fuzz_input *in)
{
    if (in->left == 0)
        return 0;
    in->left--;
    return *in->at++;
}

/* The bytes up to the next line feed, or to the end, cut to the buffer; NUL-terminated. */
static inline size_t fuzz_line(struct fuzz_input *in, char *out, size_t size)
{
    size_t len = 0;

    while (in->left > 0) {
        char c = (char)fuzz_byte(in);

        if (c == '\n')
            break;
        if (len < size - 1)
            out[len++] = c;
    }
    out[len] = '\0';
    return len;
}

/* The decimal number at the beginning, at most max; 0: there is none. */
static inline unsigned fuzz_number(const char *text, unsigned max)
{
    unsigned n = 0;

    for (; *text >= '0' && *text <= '9' && n <= max; text++)
        n = 10 * n + (unsigned)(*text - '0');
    return n < max ? n : max;
}

/* The rest as a string, cut to the buffer; NUL bytes end it for functions that take strings. */
static inline size_t fuzz_string(struct fuzz_input *in, char *out, size_t size)
{
    size_t len = in->left < size - 1 ? in->left : size - 1;

    memcpy(out, in->at, len);
    out[len] = '\0';
    in->at += len;
    in->left -= len;
    return len;
}

/* Whether the text has the secret. Without strstr, from which the fuzzer would learn it. */
static inline bool fuzz_has(const char *text, const char *secret)
{
    size_t n = strlen(secret), same = 0;

    for (; *text != '\0' && same < n; text++) {
        for (same = 0; same < n && text[same] == secret[same]; same++)
            ;
    }
    return n > 0 && same == n;
}

#endif
