/* SPDX-License-Identifier: Apache-2.0 */

/*
 * `tokenkeeper export`: the settings and added roots of the running service as console commands,
 * for the console of another gateway. Secrets and tokens are not among them. It asks for them with
 * commands of its own, so that what it prints is what `show` prints.
 */

#include "client.h"
#include "gateway.h"
#include "tk_json.h"
#include "tk_limits.h"
#include "tk_text.h"

#include <stdio.h>
#include <string.h>

enum {
    ANSWER_SIZE = 16384,
    PIECE = 768 /* characters of base64 in a line */
};

#define DEFAULT_REF     "token"
#define FIRST_OF_DEVICE "escalate_url"

struct export
{
    const struct tk_options *options;
    struct tk_gateway gateway;
    bool has_default;
    bool is_device; /* the current line of `show` */
    char refs[TK_ACCOUNTS][TK_NAME_MAX + 1];
    size_t count;
};

/* --- the console --- */

typedef void export_take(struct export *e, const char *key, char *value);

struct taking {
    struct export *e;
    export_take *take;
};

static void take_line(void *owner, char *line)
{
    const struct taking *t = owner;
    char *value = strchr(line, '=');

    if (value == NULL || t->take == NULL)
        return;
    *value = '\0';
    t->take(t->e, line, value + 1);
}

/* Gives each line of data of the answer, `key=value` split. False if it is an error. */
static bool for_each(struct export *e, const char *command, export_take *take)
{
    struct taking taking = {.e = e, .take = take};

    return tk_gateway_ask(&e->gateway, command, TK_GATEWAY_ASK_MS, take_line, &taking) ==
           TK_GATEWAY_OK;
}

/* --- settings --- */

/* What a new gateway has anyway, or cannot set. */
static bool is_default(const char *value)
{
    static const char *const defaults[] = {"", "auto", "dhcp", "system",
                                           "https://api.corezoid.com"};

    for (size_t i = 0; i < sizeof defaults / sizeof defaults[0]; i++) {
        if (strcmp(value, defaults[i]) == 0)
            return true;
    }
    return false;
}

/* `show` prints a secret as length and digest, the PIN as "set". */
static bool is_secret(const char *key, const char *value)
{
    return strcmp(key, "console_pin") == 0 ||
           (strncmp(value, "len=", 4) == 0 && strstr(value, " sha256=") != NULL);
}

/* What is in effect follows in parentheses; values have no space. */
static void print_setting(const char *key, char *value)
{
    bool secret = is_secret(key, value);
    char *effect = strstr(value, " (");

    if (effect != NULL)
        *effect = '\0';
    tk_gateway_unescape(value);
    if (is_default(value))
        return;
    if (secret)
        printf("# not exported, type it: set %s\n", key);
    else
        printf("set %s %s\n", key, value);
}

/* `show` prints the settings of the account, then those of the device. */
static void print_if(struct export *e, const char *key, char *value, bool of_device)
{
    if (strcmp(key, "ref") == 0)
        e->is_device = false;
    e->is_device |= strcmp(key, FIRST_OF_DEVICE) == 0;
    if (e->is_device == of_device && strcmp(key, "ref") != 0)
        print_setting(key, value);
}

static void print_of_account(struct export *e, const char *key, char *value)
{
    print_if(e, key, value, false);
}

static void print_of_device(struct export *e, const char *key, char *value)
{
    print_if(e, key, value, true);
}

/* --- accounts --- */

static void note_ref(struct export *e, const char *key, char *value)
{
    (void)value;
    e->has_default |= strcmp(key, DEFAULT_REF) == 0;
    if (e->count < TK_ACCOUNTS)
        e->count += tk_copy(e->refs[e->count], sizeof e->refs[0], key);
}

static bool print_account(struct export *e, const char *ref)
{
    char command[TK_NAME_MAX + 8];

    snprintf(command, sizeof command, "ref %s", ref);
    if (strchr(ref, '?') != NULL) /* its stored name is not valid */
        printf("# an account without a readable name\n");
    else
        printf("%s%s\n", strcmp(ref, DEFAULT_REF) == 0 ? "ref " : "ref add ", ref);
    return for_each(e, command, NULL) && for_each(e, "show", print_of_account);
}

static bool print_accounts(struct export *e)
{
    bool ok = for_each(e, "ref", note_ref);

    for (size_t i = 0; ok && i < e->count; i++)
        ok = print_account(e, e->refs[i]);
    if (ok && !e->has_default)
        printf("ref del " DEFAULT_REF "\n");
    return ok && for_each(e, "show", print_of_device);
}

/* --- roots --- */

static void print_root(const char *base64)
{
    size_t len = strlen(base64);

    if (len == 0)
        return;
    printf("ca add begin\n");
    for (size_t at = 0; at < len; at += PIECE)
        printf("ca add %.*s\n", PIECE, base64 + at);
    printf("ca add end\n");
}

static bool print_root_of(const struct tk_options *options, unsigned index)
{
    char answer[ANSWER_SIZE], request[64];
    jsmntok_t tokens[TK_JSON_TOKENS];
    struct tk_service service;
    struct tk_json j;
    const char *der = NULL;

    snprintf(request, sizeof request, "{\"op\":\"root\",\"index\":%u}\n", index);
    if (tk_client_ask_admin(options, request, &service, answer, sizeof answer) != TK_EXIT_OK)
        return false;
    tk_service_close(&service);
    if (tk_json_parse(&j, answer, strlen(answer), tokens, TK_JSON_TOKENS))
        der = tk_json_text(&j, tk_json_member(&j, 0, "der"));
    if (der != NULL)
        print_root(der);
    return der != NULL;
}

int tk_host_export(const struct tk_options *options)
{
    struct export e = {.options = options};
    int status = tk_gateway_open(&e.gateway, options);

    if (status != TK_EXIT_OK)
        return status;
    printf("# settings of a gateway, for the console of another one\n");
    bool ok = print_accounts(&e);

    tk_gateway_close(&e.gateway);
    for (unsigned i = 0; ok && i < TK_CAS; i++)
        ok = print_root_of(options, i);
    if (ok && fflush(stdout) == 0)
        return TK_EXIT_OK;
    tk_host_message("the export is incomplete: the service did not answer");
    return TK_EXIT_RETRY;
}
