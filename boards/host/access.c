/* SPDX-License-Identifier: Apache-2.0 */
#include "access.h"

#include "host.h"
#include "private_file.h"
#include "tk_limits.h"
#include "tk_string.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define BLANKS " \t\r"
#define NAMES  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_."

static const char *const guarded[] = {"*.bind", "*.register", "bizproc.*", "placement.*", "app.*"};

/* --- methods --- */

static bool same_letter(char a, char b)
{
    return strncasecmp(&a, &b, 1) == 0;
}

/* Whether text matches pattern[0..len), in which * stands for any characters. */
static bool matches(const char *pattern, size_t len, const char *text)
{
    size_t at = 0, star = len, from = 0, i = 0;

    while (text[i] != '\0') {
        if (at < len && pattern[at] == '*') {
            star = at++;
            from = i;
        } else if (at < len && same_letter(pattern[at], text[i])) {
            at++;
            i++;
        } else if (star < len) {
            at = star + 1;
            i = ++from;
        } else {
            return false;
        }
    }
    while (at < len && pattern[at] == '*')
        at++;
    return at == len;
}

static bool is_guarded(const char *method)
{
    for (size_t i = 0; i < sizeof guarded / sizeof guarded[0]; i++) {
        if (matches(guarded[i], strlen(guarded[i]), method))
            return true;
    }
    return false;
}

static bool ends_in(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);

    return len >= end_len && strcasecmp(text + len - end_len, end) == 0;
}

/* A plain name. The portal takes .json and .xml for the format of its answer, so that
 * event.bind.json is event.bind. */
static bool is_method(const char *method)
{
    size_t len = strlen(method);

    return len > 0 && strspn(method, NAMES) == len && method[0] != '.' && method[len - 1] != '.' &&
           strstr(method, "..") == NULL && !ends_in(method, ".json") && !ends_in(method, ".xml") &&
           strcasecmp(method, "batch") != 0;
}

/* Whether one of the elements of a list with commas permits the method. */
static bool permits(const char *list, const char *method)
{
    bool exact_only = is_guarded(method);

    while (list[0] != '\0') {
        size_t len = strcspn(list, ",");

        if ((!exact_only || memchr(list, '*', len) == NULL) && matches(list, len, method))
            return true;
        list += len + (list[len] == ',');
    }
    return false;
}

static bool names(const char *list, const char *account)
{
    size_t len = strlen(account);

    if (strcmp(list, "*") == 0)
        return true;
    for (const char *at = list; at != NULL; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, account, len) == 0 && (at[len] == ',' || at[len] == '\0'))
            return true;
    }
    return false;
}

/* --- one line of the file --- */

/* Where messages say that a rule is wrong. */
struct place {
    const char *path;
    unsigned line;
};

static bool wrong(const struct place *p, const char *what, const char *word)
{
    tk_host_message("%s:%u: %s '%s'", p->path, p->line, what, word);
    return false;
}

static bool read_number(const char *name, unsigned *id)
{
    uint64_t number;

    if (!tk_parse_u64(name, strlen(name), UINT32_MAX - 1, &number))
        return false;
    *id = (unsigned)number;
    return true;
}

static bool read_user(const char *name, unsigned *id)
{
    const struct passwd *user = getpwnam(name);

    if (user == NULL)
        return read_number(name, id);
    *id = user->pw_uid;
    return true;
}

static bool read_group(const char *name, unsigned *id)
{
    const struct group *group = getgrnam(name);

    if (group == NULL)
        return read_number(name, id);
    *id = group->gr_gid;
    return true;
}

static bool is_account(const char *name, size_t len)
{
    return len > 0 && len <= TK_NAME_MAX &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") >= len;
}

static bool is_pattern(const char *text, size_t len)
{
    return len > 0 && strspn(text, NAMES "*") >= len;
}

/* A list whose elements are all good. */
static bool is_list(const char *list, bool (*is_good)(const char *text, size_t len))
{
    for (;;) {
        size_t len = strcspn(list, ",");

        if (!is_good(list, len))
            return false;
        if (list[len] == '\0')
            return true;
        list += len + 1;
    }
}

/* A pattern that could only ever match methods for which patterns do not count. */
static bool is_futile(const char *list)
{
    char pattern[128];

    for (;;) {
        size_t len = strcspn(list, ",");

        if (len < sizeof pattern && memchr(list, '*', len) != NULL) {
            memcpy(pattern, list, len);
            pattern[len] = '\0';
            if (is_guarded(pattern))
                return true;
        }
        if (list[len] == '\0')
            return false;
        list += len + 1;
    }
}

static bool read_calls(struct tk_access_rule *rule, const char *list, const struct place *p)
{
    if (rule->calls != NULL)
        return wrong(p, "a second", "call=");
    if (!is_list(list, is_pattern))
        return wrong(p, "not a list of methods:", list);
    if (is_futile(list))
        return wrong(p, "these methods are permitted by their full names only:", list);
    rule->calls = list;
    return true;
}

static bool read_accounts(struct tk_access_rule *rule, char *list, const struct place *p)
{
    if (rule->accounts != NULL)
        return wrong(p, "a second", "accounts=");
    if (strcmp(list, "*") != 0 && !is_list(list, is_account))
        return wrong(p, "not a list of accounts:", list);
    rule->accounts = list;
    return true;
}

static bool read_field(struct tk_access_rule *rule, char *field, const struct place *p)
{
    if (strncmp(field, "accounts=", 9) == 0)
        return read_accounts(rule, field + 9, p);
    if (strncmp(field, "call=", 5) == 0)
        return read_calls(rule, field + 5, p);
    if (strcmp(field, "get") != 0)
        return wrong(p, "unexpected", field);
    if (rule->may_get)
        return wrong(p, "a second", field);
    rule->may_get = true;
    return true;
}

static bool read_who(struct tk_access_rule *rule, const char *kind, const char *name,
                     const struct place *p)
{
    rule->is_group = strcmp(kind, "group") == 0;
    if (!rule->is_group && strcmp(kind, "user") != 0)
        return wrong(p, "a rule begins with user or group, not", kind);
    if (name == NULL)
        return wrong(p, "no name after", kind);
    if (rule->is_group ? read_group(name, &rule->id) : read_user(name, &rule->id))
        return true;
    return wrong(p, rule->is_group ? "unknown group" : "unknown user", name);
}

static bool read_rule(struct tk_access *a, char *kind, char **rest, const struct place *p)
{
    struct tk_access_rule rule = {.is_group = false};
    char *field;

    if (a->count == TK_ACCESS_RULES)
        return wrong(p, "more rules than fit; group users instead:", kind);
    if (!read_who(&rule, kind, strtok_r(NULL, BLANKS, rest), p))
        return false;
    while ((field = strtok_r(NULL, BLANKS, rest)) != NULL) {
        if (!read_field(&rule, field, p))
            return false;
    }
    if (rule.accounts == NULL)
        return wrong(p, "missing", "accounts=");
    if (!rule.may_get && rule.calls == NULL)
        return wrong(p, "this rule permits nothing; missing", "get or call=");
    a->rules[a->count++] = rule;
    return true;
}

/* --- the file --- */

bool tk_access_parse(struct tk_access *a, const char *path)
{
    struct place p = {.path = path, .line = 1};
    char *next, *rest;

    a->count = 0;
    for (char *line = a->text; line != NULL; line = next, p.line++) {
        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        line[strcspn(line, "#")] = '\0';
        char *kind = strtok_r(line, BLANKS, &rest);

        if (kind != NULL && !read_rule(a, kind, &rest, &p))
            return false;
    }
    return true;
}

static bool read_text(struct tk_access *a, int fd, const char *path)
{
    ssize_t len = read(fd, a->text, sizeof a->text);

    if (len >= 0 && len <= TK_ACCESS_SIZE && memchr(a->text, '\0', (size_t)len) == NULL) {
        a->text[len] = '\0';
        return true;
    }
    tk_host_message("%s is not an access file: up to %d bytes of text are required", path,
                    TK_ACCESS_SIZE);
    return false;
}

bool tk_access_load(struct tk_access *a, const char *path)
{
    a->is_open = path == NULL;
    a->count = 0;
    if (a->is_open)
        return true;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0) {
        tk_host_message("cannot read the access file %s: %s", path, strerror(errno));
        return false;
    }
    bool good =
        tk_host_only_owner_writes(fd, path) && read_text(a, fd, path) && tk_access_parse(a, path);

    close(fd);
    return good;
}

/* --- judging --- */

tk_rights tk_access_of(const struct tk_access *a, const struct tk_peer *peer)
{
    tk_rights rights = 0;

    if (a->is_open || tk_peer_is_owner(peer))
        return TK_RIGHTS_ALL;
    for (size_t i = 0; i < a->count; i++) {
        const struct tk_access_rule *rule = &a->rules[i];

        if (rule->is_group ? tk_peer_has_group(peer, rule->id) : peer->uid == rule->id)
            rights |= (tk_rights)1 << i;
    }
    return rights;
}

static bool applies(const struct tk_access *a, tk_rights rights, size_t i, const char *account)
{
    return (rights & ((tk_rights)1 << i)) != 0 && names(a->rules[i].accounts, account);
}

bool tk_access_may_get(const struct tk_access *a, tk_rights rights, const char *account)
{
    if (rights == TK_RIGHTS_ALL)
        return true;
    for (size_t i = 0; i < a->count; i++) {
        if (applies(a, rights, i, account) && a->rules[i].may_get)
            return true;
    }
    return false;
}

bool tk_access_may_call(const struct tk_access *a, tk_rights rights, const char *account,
                        const char *method)
{
    if (!is_method(method))
        return false;
    if (rights == TK_RIGHTS_ALL)
        return permits("*", method);
    for (size_t i = 0; i < a->count; i++) {
        const char *calls = a->rules[i].calls;

        if (applies(a, rights, i, account) && permits(calls != NULL ? calls : "*", method))
            return true;
    }
    return false;
}
