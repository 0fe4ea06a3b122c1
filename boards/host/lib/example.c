/* SPDX-License-Identifier: Apache-2.0 */

/* Adds a lead with the title that is given: cc example.c libtokenkeeper.c -o example */

#include "libtokenkeeper.h"

#include <stdio.h>
#include <string.h>

static bool print(void *ctx, const char *data, size_t len)
{
    (void)ctx;
    return fwrite(data, 1, len, stdout) == len;
}

/* The text within a JSON string. */
static void escape(char *out, size_t size, const char *text)
{
    size_t len = 0;

    for (; *text != '\0' && len + 7 < size; text++)
        len += (size_t)snprintf(out + len, size - len,
                                *text == '"' || *text == '\\' ? "\\%c"
                                : (unsigned char)*text < ' '  ? "\\u%04x"
                                                              : "%c",
                                (unsigned char)*text);
    out[len] = '\0';
}

int main(int argc, char **argv)
{
    const struct tk_consumer consumer = {.ref = NULL}; /* the first account */
    struct tk_consumer_result result;
    struct tk_consumer_error error;
    char title[400], body[512];

    escape(title, sizeof title, argc > 1 ? argv[1] : "");
    snprintf(body, sizeof body, "{\"fields\":{\"TITLE\":\"%s\"}}", title);
    struct tk_consumer_call call = {
        .method = "crm.lead.add", .body = body, .body_len = strlen(body), .on_answer = print};

    if (tk_consumer_call(&consumer, &call, &result, &error) != TK_CONSUMER_OK)
        fprintf(stderr, "%s: %s\n", error.code, error.words);
    return error.exit;
}
