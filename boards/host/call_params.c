/* SPDX-License-Identifier: Apache-2.0 */
#include "call_params.h"

#include "call.h"
#include "host.h"
#include "tk_json_scan.h"
#include "tk_string.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DEPTH_MAX = 30 /* brackets in a name: more is no JSON that the service reads */ };

/* A parameter, or an object of parameters. */
struct node {
    struct node *next;
    struct node *first, *last; /* members; NULL: none */
    char *name;
    char *json; /* NULL: an object */
};

static void free_nodes(struct node *n)
{
    while (n != NULL) {
        struct node *next = n->next;

        free_nodes(n->first);
        free(n->name);
        free(n->json);
        free(n);
        n = next;
    }
}

/* --- a name --- */

/* What follows the name in a parameter: its = or :=, outside of brackets. NULL: there is none. */
static const char *end_of_name(const char *arg)
{
    bool inside = false;

    for (; *arg != '\0'; arg++) {
        inside = *arg == '[' || (inside && *arg != ']');
        if (!inside && (*arg == '=' || (arg[0] == ':' && arg[1] == '=')))
            return arg;
    }
    return NULL;
}

static struct node *member(struct node *object, const char *name, size_t len)
{
    struct node *n = object->first;

    while (n != NULL && !(strlen(n->name) == len && memcmp(n->name, name, len) == 0))
        n = n->next;
    return n;
}

static struct node *add_member(struct node *object, const char *name, size_t len)
{
    struct node *n = calloc(1, sizeof *n);

    if (n == NULL || (n->name = strndup(name, len)) == NULL) {
        free(n);
        return NULL;
    }
    if (object->last != NULL)
        object->last->next = n;
    else
        object->first = n;
    object->last = n;
    return n;
}

/* The name that `[]` stands for: as in PHP, the number after the highest one so far. */
static struct node *append_member(struct node *object)
{
    char name[24];
    uint64_t next = 0, number;

    for (const struct node *n = object->first; n != NULL; n = n->next) {
        if (tk_parse_u64(n->name, strlen(n->name), UINT32_MAX, &number) && number >= next)
            next = number + 1;
    }
    (void)snprintf(name, sizeof name, "%llu", (unsigned long long)next);
    return add_member(object, name, strlen(name));
}

/* The next part of a name that ends at end: `first`, then `[part]` each. NULL: there is no such. */
static const char *next_part(const char *at, const char *end, const char **part, size_t *len)
{
    const char *close;

    if (*at != '[')
        return NULL;
    close = memchr(at, ']', (size_t)(end - at));
    if (close == NULL || memchr(at + 1, '[', (size_t)(close - at - 1)) != NULL)
        return NULL;
    *part = at + 1;
    *len = (size_t)(close - at - 1);
    return close + 1;
}

/* The new parameter of this name in root. NULL: the name is malformed, or in use already. */
static struct node *place_of(struct node *root, const char *name, const char *end)
{
    const char *part = name, *at = name;
    size_t len;
    struct node *object = root;

    while (at < end && *at != '[' && *at != ']')
        at++;
    len = (size_t)(at - name);
    if (len == 0)
        return NULL;
    for (int depth = 0; at != NULL && depth < DEPTH_MAX; depth++) {
        struct node *n = len > 0 ? member(object, part, len) : NULL;

        if (at == end && n != NULL)
            return NULL;
        if (n == NULL)
            n = len > 0 ? add_member(object, part, len) : append_member(object);
        if (n == NULL || at == end)
            return n;
        if (n->json != NULL)
            return NULL;
        object = n;
        at = next_part(at, end, &part, &len);
    }
    return NULL;
}

/* --- a value --- */

/* Of the parameter, for messages. */
struct name {
    const char *text;
    int len;
};

static bool read_file(const char *path, struct tk_buffer *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool ok = fd >= 0 && tk_buffer_read(out, fd);

    if (!ok && errno == EFBIG)
        tk_host_message("%s is longer than %d bytes, the most that a call takes", path,
                        TK_CALL_BODY_MAX);
    else if (!ok)
        tk_host_message("cannot read %s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return ok;
}

/* The value's JSON, for free; NULL after a message. */
static char *json_of(const struct name *of, const char *value, size_t len, bool is_typed)
{
    struct tk_buffer out = {.max = 2 * TK_CALL_BODY_MAX};

    if (!tk_is_utf8(value, len) || memchr(value, '\0', len) != NULL) {
        tk_host_message("the value of '%.*s' is not UTF-8 text", of->len, of->text);
        return NULL;
    }
    if (is_typed && !tk_json_is_valid(value, len, false)) {
        tk_host_message("the value of '%.*s' is not JSON; text needs = instead of :=", of->len,
                        of->text);
        return NULL;
    }
    if (is_typed)
        tk_buffer_addn(&out, value, len);
    else
        tk_buffer_json(&out, value, len);
    if (tk_buffer_ok(&out))
        return out.bytes;
    tk_host_message("the value of '%.*s' is too large", of->len, of->text);
    tk_buffer_free(&out);
    return NULL;
}

static char *read_value(const struct name *of, const char *value, bool is_typed)
{
    struct tk_buffer file = {.max = TK_CALL_BODY_MAX};
    char *json = NULL;

    if (value[0] != '@')
        return json_of(of, value, strlen(value), is_typed);
    if (read_file(value + 1, &file))
        json = json_of(of, file.bytes != NULL ? file.bytes : "", file.len, is_typed);
    tk_buffer_free(&file);
    return json;
}

/* --- all --- */

static bool is_list(const struct node *object)
{
    size_t i = 0;

    for (const struct node *n = object->first; n != NULL; n = n->next, i++) {
        char name[24];

        (void)snprintf(name, sizeof name, "%zu", i);
        if (strcmp(n->name, name) != 0)
            return false;
    }
    return i > 0;
}

static void print(const struct node *object, bool as_list, struct tk_buffer *out)
{
    tk_buffer_char(out, as_list ? '[' : '{');
    for (const struct node *n = object->first; n != NULL; n = n->next) {
        if (n != object->first)
            tk_buffer_char(out, ',');
        if (!as_list) {
            tk_buffer_json(out, n->name, strlen(n->name));
            tk_buffer_char(out, ':');
        }
        if (n->json != NULL)
            tk_buffer_add(out, n->json);
        else
            print(n, is_list(n), out);
    }
    tk_buffer_char(out, as_list ? ']' : '}');
}

static bool take(struct node *root, const char *arg)
{
    const char *end = end_of_name(arg);
    struct name name = {.text = arg};
    struct node *n;

    if (end == NULL) {
        tk_host_message("'%.60s' is no parameter: name=text, name:=json or name=@file; - reads "
                        "all as JSON from standard input",
                        arg);
        return false;
    }
    name.len = (int)(end - arg);
    n = tk_is_utf8(arg, (size_t)(end - arg)) ? place_of(root, arg, end) : NULL;
    if (n == NULL) {
        tk_host_message("'%.*s': this name is malformed, or has a value already", name.len, arg);
        return false;
    }
    n->json = read_value(&name, end + (*end == ':' ? 2 : 1), *end == ':');
    return n->json != NULL;
}

static bool is_small(const struct tk_buffer *out)
{
    if (tk_buffer_ok(out) && out->len <= TK_CALL_BODY_MAX)
        return true;
    tk_host_message("the parameters are longer than %d bytes", TK_CALL_BODY_MAX);
    return false;
}

bool tk_params_make(char *const *args, size_t count, struct tk_buffer *out)
{
    struct node root = {.next = NULL};
    bool ok = true;

    for (size_t i = 0; i < count && ok; i++)
        ok = take(&root, args[i]);
    if (ok)
        print(&root, false, out);
    free_nodes(root.first);
    return ok && is_small(out);
}

bool tk_params_read(struct tk_buffer *out)
{
    if (!tk_buffer_read(out, STDIN_FILENO)) {
        tk_host_message("cannot read the parameters: %s", strerror(errno));
        return false;
    }
    if (out->len > 0 && tk_json_is_valid(out->bytes, out->len, true) &&
        tk_is_utf8(out->bytes, out->len))
        return is_small(out);
    tk_host_message("standard input is not one JSON object");
    return false;
}
