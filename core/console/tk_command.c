/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_command.h"

#include "tk_conformance.h"
#include "tk_device.h"
#include "tk_entropy.h"
#include "tk_keeper.h"
#include "tk_version.h"
#include "tk_words.h"

#include <mbedtls/sha256.h>
#include <mbedtls/version.h>
#include <string.h>

#define PAIRS_SIZE 512

char *tk_command_word(char **args)
{
    char *word = *args;
    size_t len = strcspn(word, " ");

    *args = word + len + strspn(word + len, " ");
    word[len] = '\0';
    return word;
}

void tk_command_key(struct tk_text *t, const char *key)
{
    if (t->len > 0)
        tk_text_char(t, ' ');
    tk_text_add(t, key);
    tk_text_char(t, '=');
}

void tk_command_digest(struct tk_text *t, const char *secret)
{
    uint8_t digest[32];

    (void)mbedtls_sha256((const uint8_t *)secret, strlen(secret), digest, 0);
    tk_text_hex(t, digest, 4);
}

void tk_command_webhook(struct tk_keeper *k, enum tk_webhook_setting which, struct tk_text *t)
{
    char value[TK_URL_MAX + 1];

    tk_webhook_get(k, which, value);
    tk_text_add(t, value);
    tk_wipe(value, sizeof value);
}

static void add_pair(struct tk_text *t, const char *key, const char *value)
{
    tk_command_key(t, key);
    tk_text_add(t, value);
}

static void ok_pair(struct tk_console *c, const char *key, const char *value)
{
    char buf[PAIRS_SIZE];
    struct tk_text t;

    tk_text_init(&t, buf, sizeof buf);
    add_pair(&t, key, value);
    tk_console_ok(c, &t);
}

/* --- the device --- */

static void version(struct tk_console *c, char *args)
{
    const struct tk_config *config = c->keeper->config;
    char buf[PAIRS_SIZE];
    struct tk_text t;

    (void)args;
    tk_text_init(&t, buf, sizeof buf);
    add_pair(&t, "version", TK_VERSION);
    add_pair(&t, "board", config->board);
    add_pair(&t, "build", "");
    tk_text_time(&t, config->build_unix);
    add_pair(&t, "id", tk_device_id(config->port));
    add_pair(&t, "mbedtls", MBEDTLS_VERSION_STRING);
    add_pair(&t, "seal", c->keeper->store.seal != NULL ? "aes-128-gcm" : "none");
    tk_console_ok(c, &t);
}

static void reboot(struct tk_console *c, char *args)
{
    (void)args;
    tk_console_ok(c, NULL);
    tk_console_drain(c);
    tk_device_reboot(c->keeper->config->port);
}

static void factory_reset(struct tk_console *c, char *args)
{
    const char *id = tk_device_id(c->keeper->config->port);

    if (strlen(args) != 4 || !tk_ends_with(id, args))
        tk_console_err(c, TK_E_WRONG_ID);
    else if (tk_store_wipe(&c->keeper->store) != TK_STORE_OK)
        tk_console_err(c, TK_E_STORAGE_FAILED);
    else {
        tk_store_close(&c->keeper->store); /* what goes on until then leaves nothing */
        reboot(c, args);
    }
}

static void show_time(struct tk_console *c)
{
    char buf[PAIRS_SIZE];
    struct tk_text t;
    int64_t unix_s;
    enum tk_time_quality quality = tk_time_now(&c->keeper->time, &unix_s);

    tk_text_init(&t, buf, sizeof buf);
    add_pair(&t, "time", "");
    tk_text_time(&t, unix_s);
    add_pair(&t, "unix", "");
    tk_text_int(&t, unix_s);
    add_pair(&t, "quality", tk_time_quality_name(quality));
    tk_console_ok(c, &t);
}

static void set_time(struct tk_console *c, char *args)
{
    uint64_t unix_s;

    if (*args == '\0') {
        show_time(c);
        return;
    }
    if (!tk_parse_u64(args, strlen(args), INT64_MAX, &unix_s)) {
        tk_console_err_words(c, TK_E_BAD_VALUE, "seconds since 1970, UTC: date +%s prints them");
        return;
    }
    enum tk_err err = tk_keeper_set_time(c->keeper, (int64_t)unix_s, TK_TIME_CONSOLE);

    if (err != TK_OK)
        tk_console_err(c, err);
    else
        show_time(c);
}

/* The bytes of hex digits; 0 for what is none. */
static size_t parse_hex(const char *hex, uint8_t *out, size_t size)
{
    size_t len = strlen(hex);

    if (len % 2 != 0 || len / 2 > size)
        return 0;
    for (size_t i = 0; i < len; i++) {
        char c = hex[i];
        int digit = c >= '0' && c <= '9' ? c - '0' : (c | 32) - 'a' + 10;

        if (digit < 0 || digit > 15)
            return 0;
        out[i / 2] = (uint8_t)(i % 2 == 0 ? digit << 4 : out[i / 2] | digit);
    }
    return len / 2;
}

static void seed(struct tk_console *c, char *args)
{
    uint8_t bytes[TK_ENTROPY_SEED_MAX];
    size_t len = parse_hex(args, bytes, sizeof bytes);
    int ret = TK_ENTROPY_OK;

    if (len >= TK_ENTROPY_SEED_MIN)
        ret = tk_entropy_seed(c->keeper->config->port, bytes, len);
    tk_wipe(bytes, sizeof bytes);
    if (len < TK_ENTROPY_SEED_MIN)
        tk_console_err_words(c, TK_E_BAD_VALUE,
                             "64 to 128 hex digits: openssl rand -hex 32 prints some");
    else if (ret == TK_ENTROPY_OK)
        tk_console_ok(c, NULL);
    else
        tk_console_err(c, ret == TK_ENTROPY_HAS_SOURCE ? TK_E_SEED_OWN : TK_E_STORAGE_FAILED);
}

static void set_log(struct tk_console *c, char *args)
{
    static const char *const names[] = {"off", "error", "info"};

    for (int level = TK_LOG_OFF; level <= TK_LOG_INFO; level++) {
        if (strcmp(args, names[level]) != 0)
            continue;
        c->keeper->log_level = (enum tk_log_level)level;
        ok_pair(c, "log", names[level]);
        return;
    }
    tk_console_err_words(c, TK_E_BAD_VALUE, "off, error or info");
}

static void report_check(void *ctx, const char *check, const char *result, const char *detail)
{
    struct tk_console *c = ctx;
    char buf[256];
    struct tk_text t;

    tk_text_init(&t, buf, sizeof buf);
    tk_text_add(&t, result);
    if (detail != NULL && detail[0] != '\0') {
        tk_text_char(&t, ' ');
        tk_text_add(&t, detail);
    }
    tk_console_data(c, check, buf);
    tk_console_drain(c);
}

static void selftest(struct tk_console *c, char *args)
{
    const struct tk_config *config = c->keeper->config;
    struct tk_conformance suite = {
        .port = config->port, .scratch = config->scratch, .report = report_check, .ctx = c};

    (void)args;
    if (tk_conformance_run_standalone(&suite) > 0)
        tk_console_err(c, TK_E_SELFTEST_FAILED);
    else
        tk_console_ok(c, NULL);
}

/* --- accounts --- */

static void step_refs(struct tk_console *c)
{
    const struct tk_account *a;

    if (c->job.item == TK_ACCOUNTS) {
        ok_pair(c, "ref", tk_console_account(c)->name);
        return;
    }
    a = &c->keeper->accounts[c->job.item++];
    if (a->used)
        tk_console_data(c, a->name, tk_state_name(tk_account_state(a)));
}

static void ref(struct tk_console *c, char *args)
{
    if (*args == '\0') {
        tk_console_continue(c, step_refs);
        return;
    }
    struct tk_account *a = tk_keeper_account(c->keeper, args);

    if (a == NULL) {
        tk_console_err(c, TK_E_NO_SUCH_REF);
        return;
    }
    c->ref = a->index;
    ok_pair(c, "ref", a->name);
}

static void ref_add(struct tk_console *c, char *args)
{
    enum tk_err err = tk_keeper_add(c->keeper, args);

    if (err == TK_E_BAD_VALUE)
        tk_console_err_words(c, err, "1 to 16 characters: a-z, 0-9, - and _");
    else if (err != TK_OK)
        tk_console_err(c, err);
    else
        ref(c, args);
}

static void ref_del(struct tk_console *c, char *args)
{
    enum tk_err err = tk_keeper_delete(c->keeper, args);

    if (err != TK_OK)
        tk_console_err(c, err);
    else
        ok_pair(c, "ref", tk_console_account(c)->name);
}

/* --- the table --- */

const struct tk_command tk_commands[] = {
#define TK_COMMAND(name, form, hidden, needs, run, about) {name, form, hidden, needs, run},
#include "tk_commands.h"
#undef TK_COMMAND
};

const size_t tk_command_count = sizeof tk_commands / sizeof tk_commands[0];

/* The length of the line's beginning that is this name, its words apart by any spaces; 0: it is
 * not. */
static size_t matches(const char *line, const char *name)
{
    const char *at = line + strspn(line, " ");

    for (; *name != '\0'; name++) {
        if (*name == ' ' && *at == ' ')
            at += strspn(at, " ");
        else if (*at++ != *name)
            return 0;
    }
    return *at == '\0' || *at == ' ' ? (size_t)(at - line) : 0;
}

const struct tk_command *tk_command_find(const char *line, const char **args)
{
    const struct tk_command *found = NULL;
    size_t longest = 0;

    for (size_t i = 0; i < tk_command_count; i++) {
        size_t len = matches(line, tk_commands[i].name);

        if (len > longest) {
            longest = len;
            found = &tk_commands[i];
        }
    }
    *args = line + longest + strspn(line + longest, " ");
    return found;
}

static const char *const secret_settings[] = {"set client_secret", "set escalate_url",
                                              "set corezoid_key"};

bool tk_command_is_hidden(const char *line)
{
    const char *args;
    const struct tk_command *command = tk_command_find(line, &args);

    if (command != NULL && command->hidden)
        return true;
    for (size_t i = 0; i < sizeof secret_settings / sizeof secret_settings[0]; i++) {
        if (matches(line, secret_settings[i]) > 0)
            return true;
    }
    return false;
}

void tk_command_err_usage(struct tk_console *c)
{
    char words[160];
    struct tk_text t;

    tk_text_init(&t, words, sizeof words);
    tk_text_add(&t, c->command->name);
    tk_text_add(&t, c->command->form[0] == '\0' ? "" : " ");
    tk_text_add(&t, c->command->form);
    tk_console_err_words(c, TK_E_USAGE, words);
}

static void step_help(struct tk_console *c)
{
    const struct tk_command *command;
    char buf[256];
    struct tk_text t;

    if (c->job.item == c->job.number) {
        tk_console_ok(c, NULL);
        return;
    }
    command = &tk_commands[c->job.item++];
    tk_text_init(&t, buf, sizeof buf);
    tk_text_add(&t, command->form);
    tk_text_add(&t, command->form[0] == '\0' ? "" : " : ");
    tk_words_add(&t, tk_words_of_command((size_t)(command - tk_commands)));
    tk_console_data(c, command->name, buf);
}

/* All commands that begin with these words stand together in the table; else the one whose name
 * begins the line is meant (`help set portal`). */
void tk_command_help(struct tk_console *c, char *args)
{
    const char *behind;
    const struct tk_command *command = tk_command_find(args, &behind);
    unsigned first = 0, end = (unsigned)tk_command_count;

    while (first < end && *args != '\0' && matches(tk_commands[first].name, args) == 0)
        first++;
    while (end > first && *args != '\0' && matches(tk_commands[end - 1].name, args) == 0)
        end--;
    if (first == end && command == NULL) {
        tk_console_err(c, TK_E_UNKNOWN_COMMAND);
        return;
    }
    c->job.item = first < end ? first : (unsigned)(command - tk_commands);
    c->job.number = first < end ? end : c->job.item + 1;
    tk_console_continue(c, step_help);
}
