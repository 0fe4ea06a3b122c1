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

int main(int argc, char **argv)
{
    const struct tk_consumer consumer = {.ref = NULL}; /* the first account */
    struct tk_consumer_result result;
    struct tk_consumer_error error;
    char body[512];

    snprintf(body, sizeof body, "{\"fields\":{\"TITLE\":\"%.400s\"}}", argc > 1 ? argv[1] : "");
    struct tk_consumer_call call = {
        .method = "crm.lead.add", .body = body, .body_len = strlen(body), .on_answer = print};

    if (tk_consumer_call(&consumer, &call, &result, &error) != TK_CONSUMER_OK)
        fprintf(stderr, "%s: %s\n", error.code, error.words);
    return error.exit;
}
