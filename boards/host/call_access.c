/* SPDX-License-Identifier: Apache-2.0 */
#include "call_access.h"

#include "json_members.h"
#include "tk_json.h"
#include "tk_string.h"
#include "tokenkeeper.h"

#include <stdlib.h>
#include <string.h>

bool tk_call_is_batch(const char *method)
{
    return tk_same_nocase(method, "batch");
}

/* REST 3.0 has methods of the same names: who may call one may call the other. */
static const char *name_of(const char *method)
{
    return tk_method_is_v3(method) ? method + sizeof TK_METHOD_V3 - 1 : method;
}

/* Other spellings of batch, whose commands were not judged. */
static bool hides_batch(const char *method)
{
    return tk_same_nocase_n(method, "batch.", 6) || tk_call_is_batch(method);
}

enum tk_access_verdict tk_access_judge(const struct tk_access_rights *r, const char *account,
                                       const char *method)
{
    if (!tk_method_is_valid(method))
        return TK_ACCESS_MALFORMED;
    if (tk_call_is_batch(method))
        return TK_ACCESS_ALLOWED;
    if (hides_batch(name_of(method)))
        return TK_ACCESS_MALFORMED;
    return r->is_owner || tk_access_may_call(r->access, r->rights, account, name_of(method))
               ? TK_ACCESS_ALLOWED
               : TK_ACCESS_REFUSED;
}

/* --- a command of a batch: method?name=value&... --- */

/* The character at s, percent-decoded. */
static char decoded(const char *s, size_t *used)
{
    int high = s[0] == '%' ? tk_hex_value(s[1]) : -1;
    int low = high >= 0 ? tk_hex_value(s[2]) : -1;

    *used = low >= 0 ? 3 : 1;
    if (low < 0)
        return s[0];
    return (char)(high << 4 | low);
}

/* As PHP reads names: without blanks before them, and with _ for blanks, dots and a bracket that
 * nothing closes. */
static char name_character(const char *s, size_t *used)
{
    char c = decoded(s, used);

    return c == '+' || c == ' ' || c == '.' || c == '[' ? '_' : tk_lower(c);
}

/* Whether the name at query, up to its = or [, is this one. */
static bool has_name(const char *query, const char *name)
{
    size_t used;

    while (*query == '+' || decoded(query, &used) == ' ')
        query += *query == '+' ? 1 : used;
    for (; *name != '\0'; query += used, name++) {
        if (name_character(query, &used) != *name)
            return false;
    }
    return strchr("=&[%", *query) != NULL; /* '\0' is one of them */
}

static bool has_token(const char *query)
{
    for (; query != NULL; query = strchr(query, '&')) {
        query += *query == '&';
        if (has_name(query, "auth") || has_name(query, "access_token") ||
            has_name(query, "authorization"))
            return true;
    }
    return false;
}

static enum tk_access_verdict judge_command(const struct tk_access_rights *r, const char *account,
                                            char *command, bool *reads)
{
    char *query = strchr(command, '?');

    if (query != NULL)
        *query++ = '\0';
    if (tk_call_is_batch(command) || tk_method_is_v3(command) ||
        (query != NULL && has_token(query)))
        return TK_ACCESS_MALFORMED;
    *reads &= tk_method_is_valid(command) && tk_method_reads(command);
    return tk_access_judge(r, account, command);
}

/* The same of the JSON string that is written in text[0..len), with its quotes. */
static enum tk_access_verdict judge_string(const struct tk_access_rights *r, const char *account,
                                           const char *text, size_t len, bool *reads)
{
    enum tk_access_verdict verdict = TK_ACCESS_MALFORMED;
    char *copy = malloc(len + 1);
    jsmntok_t token;
    struct tk_json j;

    if (copy == NULL)
        return verdict;
    memcpy(copy, text, len);
    copy[len] = '\0';
    if (tk_json_parse(&j, copy, len, &token, 1)) {
        const char *command = tk_json_text(&j, 0);

        if (command != NULL)
            verdict = judge_command(r, account, copy + (command - copy), reads);
    }
    free(copy);
    return verdict;
}

/* The commands in an object or list. */
static enum tk_access_verdict judge_commands(const struct tk_access_rights *r, const char *account,
                                             const struct tk_member *cmd,
                                             struct tk_batch_commands *commands)
{
    enum tk_access_verdict verdict = TK_ACCESS_ALLOWED;
    struct tk_json_scan s;
    enum tk_scan_item item;

    tk_json_scan_begin(&s, cmd->value, cmd->value_len);
    if (tk_json_scan(&s) != TK_SCAN_OPEN)
        return TK_ACCESS_MALFORMED;
    while (verdict == TK_ACCESS_ALLOWED && (item = tk_json_scan(&s)) != TK_SCAN_CLOSE) {
        if (item == TK_SCAN_NAME)
            item = tk_json_scan(&s);
        commands->count++;
        verdict = item != TK_SCAN_STRING
                      ? TK_ACCESS_MALFORMED
                      : judge_string(r, account, s.text - 1, s.len + 2, &commands->reads);
    }
    return verdict;
}

enum tk_access_verdict tk_access_judge_batch(const struct tk_access_rights *r, const char *account,
                                             const char *body, size_t len,
                                             struct tk_batch_commands *commands)
{
    enum tk_access_verdict verdict = TK_ACCESS_ALLOWED;
    bool has_commands = false;
    struct tk_json_scan s;
    struct tk_member m;

    *commands = (struct tk_batch_commands){.reads = true};
    if (!tk_json_is_valid(body, len, true) || !tk_members_begin(&s, body, len))
        return TK_ACCESS_MALFORMED;
    while (verdict == TK_ACCESS_ALLOWED && tk_members_next(&s, &m)) {
        if (!tk_same_nocase(m.name, "cmd")) /* the portal compares it without case */
            continue;
        has_commands = true;
        verdict = judge_commands(r, account, &m, commands);
    }
    return verdict == TK_ACCESS_ALLOWED && !has_commands ? TK_ACCESS_MALFORMED : verdict;
}
