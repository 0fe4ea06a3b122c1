/* SPDX-License-Identifier: Apache-2.0 */
#include "json_print.h"

#include "buffer.h"
#include "gateway.h"

#include <string.h>

void tk_json_print(FILE *out, const char *s, size_t len)
{
    putc('"', out);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];

        if (c < ' ')
            fprintf(out, "\\u%04x", c);
        else if (c == '"' || c == '\\')
            fprintf(out, "\\%c", c);
        else
            putc(c, out);
    }
    putc('"', out);
}

void tk_json_print_line(FILE *out, char *line)
{
    char *value = strchr(line, '=');
    size_t key_len = value == NULL ? 0 : (size_t)(value - line);

    fputs("{\"key\":", out);
    tk_json_print(out, line, key_len);
    fputs(",\"value\":", out);
    value = value == NULL ? line : value + 1;
    tk_gateway_unescape(value);
    tk_json_print(out, value, strlen(value));
    putc('}', out);
}

void tk_json_print_pairs(FILE *out, const char *pairs)
{
    const char *comma = "";

    putc('{', out);
    while (*pairs != '\0') {
        size_t len = strcspn(pairs, " "), key_len = strcspn(pairs, "= ");

        fputs(comma, out);
        tk_json_print(out, pairs, key_len);
        putc(':', out);
        tk_json_print(out, pairs + key_len + (key_len < len), len - key_len - (key_len < len));
        comma = ",";
        pairs += len + strspn(pairs + len, " ");
    }
    putc('}', out);
}
