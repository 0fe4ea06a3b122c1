/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Reads JSON documents from stdin with tk_json.c, for judge.py. Each is 4 bytes of its length, the
 * lowest first, and its bytes. One line for each on stdout: `no`, or `ok` and the members a, b, c
 * and "" of the root, in hex; `-`: none, or no string or number.
 */

#include "tk_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKENS 64

static void print_member(struct tk_json *j, const char *name)
{
    const char *text = tk_json_text(j, tk_json_member(j, 0, name));

    printf(" %s", text == NULL ? "-" : "");
    for (; text != NULL && *text != '\0'; text++)
        printf("%02x", (unsigned char)*text);
}

static void read_document(char *text, size_t len)
{
    static jsmntok_t tokens[TOKENS];
    struct tk_json j;

    if (!tk_json_parse(&j, text, len, tokens, TOKENS)) {
        puts("no");
        return;
    }
    printf("ok");
    print_member(&j, "a");
    print_member(&j, "b");
    print_member(&j, "c");
    print_member(&j, "");
    putchar('\n');
}

int main(void)
{
    unsigned char size[4];

    while (fread(size, 1, sizeof size, stdin) == sizeof size) {
        size_t len = size[0] | (size_t)size[1] << 8 | (size_t)size[2] << 16 | (size_t)size[3] << 24;
        char *text = malloc(len + 1); /* exact, for the sanitizer */

        if (text == NULL || fread(text, 1, len, stdin) != len)
            return 1;
        read_document(text, len);
        free(text);
    }
    return 0;
}
