/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_method.h"

#include "tk_string.h"

#include <string.h>

bool tk_method_is_v3(const char *method)
{
    return strncmp(method, TK_METHOD_V3, strlen(TK_METHOD_V3)) == 0;
}

bool tk_method_is_valid(const char *method)
{
    char before = '.';
    size_t len = 0;

    if (tk_method_is_v3(method))
        method += strlen(TK_METHOD_V3);
    for (; method[len] != '\0'; before = method[len++]) {
        if (len == TK_METHOD_MAX)
            return false;
        if (!tk_is_alnum(method[len]) && method[len] != '_' && method[len] != '.')
            return false;
        if (method[len] == '.' && before == '.')
            return false;
    }
    return before != '.';
}

static bool is_format(const char *part, size_t len)
{
    return (len == 4 && tk_same_nocase_n(part, "json", 4)) ||
           (len == 3 && tk_same_nocase_n(part, "xml", 3));
}

/* The last part of method[0..*len), which is shortened to what is before it. */
static const char *last_part(const char *method, size_t *len, size_t *part_len)
{
    size_t end = *len, start = end;

    while (start > 0 && method[start - 1] != '.')
        start--;
    *part_len = end - start;
    *len = start > 0 ? start - 1 : 0;
    return method + start;
}

bool tk_method_reads(const char *method)
{
    static const char names[] = "get\0list\0fields\0count\0current\0search\0info\0scope\0profile\0"
                                "time\0test\0";
    static const char deletes[] = "event.offline.get";
    size_t len = strlen(method), part_len;
    const char *part = last_part(method, &len, &part_len);

    if (tk_same_nocase_n(method, deletes, sizeof deletes - 1))
        return false;

    if (len > 0 && is_format(part, part_len))
        part = last_part(method, &len, &part_len);
    for (const char *name = names; *name != '\0'; name += strlen(name) + 1) {
        if (strlen(name) == part_len && tk_same_nocase_n(part, name, part_len))
            return true;
    }
    return false;
}
