/* SPDX-License-Identifier: Apache-2.0 */
#include "help.h"
#include "host.h"

#include "tk_version.h"

#include <ctype.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    OPT_FLASH = 1,
    OPT_CONSOLE,
    OPT_SOCKET,
    OPT_SOCKET_GROUP,
    OPT_ADMIN,
    OPT_ACCESS,
    OPT_CA,
    OPT_KEY,
    OPT_NEW_KEY,
    OPT_DEVICE_ID,
    OPT_REF,
    OPT_MIN_VALID,
    OPT_REJECTED,
    OPT_TIMEOUT,
    OPT_JSON,
    OPT_ASK_PIN,
    OPT_WAIT,
    OPT_LIMIT,
    OPT_AFTER,
    OPT_ID_KEY,
    OPT_ITEMS_KEY,
    OPT_BATCH,
    OPT_ALL,
    OPT_RAW,
    OPT_SAFE,
    OPT_HALT,
    OPT_DRY_RUN,
    OPT_SERIAL,
    OPT_BAUD,
    OPT_FILE,
    OPT_KEEP_GOING,
    OPT_HELP,
    OPT_COUNT
};

#define BIT(option) (UINT64_C(1) << (option))

static const struct option long_options[] = {
    {"flash", required_argument, NULL, OPT_FLASH},
    {"console", required_argument, NULL, OPT_CONSOLE},
    {"socket", required_argument, NULL, OPT_SOCKET},
    {"socket-group", required_argument, NULL, OPT_SOCKET_GROUP},
    {"admin", required_argument, NULL, OPT_ADMIN},
    {"access", required_argument, NULL, OPT_ACCESS},
    {"ca", required_argument, NULL, OPT_CA},
    {"key", required_argument, NULL, OPT_KEY},
    {"new-key", required_argument, NULL, OPT_NEW_KEY},
    {"device-id", required_argument, NULL, OPT_DEVICE_ID},
    {"ref", required_argument, NULL, OPT_REF},
    {"min-valid", required_argument, NULL, OPT_MIN_VALID},
    {"rejected", required_argument, NULL, OPT_REJECTED},
    {"timeout", required_argument, NULL, OPT_TIMEOUT},
    {"json", no_argument, NULL, OPT_JSON},
    {"ask-pin", no_argument, NULL, OPT_ASK_PIN},
    {"wait", required_argument, NULL, OPT_WAIT},
    {"limit", required_argument, NULL, OPT_LIMIT},
    {"after", required_argument, NULL, OPT_AFTER},
    {"id-key", required_argument, NULL, OPT_ID_KEY},
    {"items-key", required_argument, NULL, OPT_ITEMS_KEY},
    {"batch", required_argument, NULL, OPT_BATCH},
    {"all", no_argument, NULL, OPT_ALL},
    {"raw", no_argument, NULL, OPT_RAW},
    {"safe", no_argument, NULL, OPT_SAFE},
    {"halt", no_argument, NULL, OPT_HALT},
    {"dry-run", no_argument, NULL, OPT_DRY_RUN},
    {"serial", required_argument, NULL, OPT_SERIAL},
    {"baud", required_argument, NULL, OPT_BAUD},
    {"file", required_argument, NULL, OPT_FILE},
    {"keep-going", no_argument, NULL, OPT_KEEP_GOING},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0}};

static const struct {
    const char *name;
    int (*run)(const struct tk_options *options);
    uint64_t takes; /* options */
    bool has_args;
} commands[] = {
    {"run", tk_host_run,
     BIT(OPT_FLASH) | BIT(OPT_CONSOLE) | BIT(OPT_SOCKET) | BIT(OPT_SOCKET_GROUP) | BIT(OPT_ADMIN) |
         BIT(OPT_ACCESS) | BIT(OPT_CA) | BIT(OPT_KEY) | BIT(OPT_DEVICE_ID),
     false},
    {"console", tk_host_console, BIT(OPT_SOCKET) | BIT(OPT_ADMIN) | BIT(OPT_ASK_PIN), false},
    {"export", tk_host_export, BIT(OPT_SOCKET) | BIT(OPT_ADMIN), false},
    {"rekey", tk_host_rekey, BIT(OPT_FLASH) | BIT(OPT_KEY) | BIT(OPT_NEW_KEY), false},
    {"events", tk_host_events, BIT(OPT_SOCKET) | BIT(OPT_ADMIN), false},
    {"get", tk_host_get,
     BIT(OPT_SOCKET) | BIT(OPT_REF) | BIT(OPT_MIN_VALID) | BIT(OPT_REJECTED) | BIT(OPT_TIMEOUT) |
         BIT(OPT_JSON),
     false},
    {"call", tk_host_call,
     BIT(OPT_SOCKET) | BIT(OPT_REF) | BIT(OPT_TIMEOUT) | BIT(OPT_JSON) | BIT(OPT_WAIT) |
         BIT(OPT_LIMIT) | BIT(OPT_AFTER) | BIT(OPT_ID_KEY) | BIT(OPT_ITEMS_KEY) | BIT(OPT_BATCH) |
         BIT(OPT_ALL) | BIT(OPT_RAW) | BIT(OPT_SAFE) | BIT(OPT_HALT) | BIT(OPT_DRY_RUN),
     true},
    {"provision", NULL, 0, true}, /* main has called it */
    {"do", tk_host_do,
     BIT(OPT_SOCKET) | BIT(OPT_ADMIN) | BIT(OPT_SERIAL) | BIT(OPT_BAUD) | BIT(OPT_FILE) |
         BIT(OPT_KEEP_GOING) | BIT(OPT_REF) | BIT(OPT_TIMEOUT) | BIT(OPT_JSON),
     true},
    {"status", tk_host_status,
     BIT(OPT_SOCKET) | BIT(OPT_ADMIN) | BIT(OPT_SERIAL) | BIT(OPT_BAUD) | BIT(OPT_JSON), false},
};

enum { COMMANDS = sizeof commands / sizeof commands[0], NAME_MAX_LEN = 16 };

static void keep_option(struct tk_options *o, int option, const char *value)
{
    const char **places[OPT_COUNT] = {[OPT_FLASH] = &o->flash,
                                      [OPT_CONSOLE] = &o->console,
                                      [OPT_SOCKET] = &o->socket,
                                      [OPT_SOCKET_GROUP] = &o->socket_group,
                                      [OPT_ADMIN] = &o->admin,
                                      [OPT_ACCESS] = &o->access,
                                      [OPT_CA] = &o->ca,
                                      [OPT_KEY] = &o->key,
                                      [OPT_NEW_KEY] = &o->new_key,
                                      [OPT_DEVICE_ID] = &o->device_id,
                                      [OPT_REF] = &o->ref,
                                      [OPT_MIN_VALID] = &o->min_valid,
                                      [OPT_REJECTED] = &o->rejected,
                                      [OPT_TIMEOUT] = &o->timeout,
                                      [OPT_WAIT] = &o->wait,
                                      [OPT_LIMIT] = &o->limit,
                                      [OPT_AFTER] = &o->after,
                                      [OPT_ID_KEY] = &o->id_key,
                                      [OPT_ITEMS_KEY] = &o->items_key,
                                      [OPT_BATCH] = &o->batch,
                                      [OPT_SERIAL] = &o->serial,
                                      [OPT_BAUD] = &o->baud,
                                      [OPT_FILE] = &o->file};
    bool *flags[OPT_COUNT] = {[OPT_JSON] = &o->json,       [OPT_ASK_PIN] = &o->ask_pin,
                              [OPT_ALL] = &o->all,         [OPT_RAW] = &o->raw,
                              [OPT_SAFE] = &o->safe,       [OPT_HALT] = &o->halt,
                              [OPT_DRY_RUN] = &o->dry_run, [OPT_KEEP_GOING] = &o->keep_going};

    if (flags[option] != NULL)
        *flags[option] = true;
    else
        *places[option] = value;
}

/* --- words that are nearly right --- */

/* Levenshtein's, without case: insertions, deletions and replacements that make b of a; both are
 * short. */
static size_t distance(const char *a, const char *b)
{
    size_t row[NAME_MAX_LEN + 1], len = strlen(b);

    for (size_t j = 0; j <= len; j++)
        row[j] = j;
    for (; *a != '\0'; a++) {
        size_t diagonal = row[0]++;

        for (size_t j = 1; j <= len; j++) {
            size_t replaced = diagonal + (tolower((unsigned char)*a) != b[j - 1]);
            size_t other = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;

            diagonal = row[j];
            row[j] = replaced < other ? replaced : other;
        }
    }
    return row[len];
}

/* The option of this command that is spelled most like the word; NULL: none is near. */
static const char *nearest_option(size_t command, const char *word)
{
    const char *found = NULL;
    size_t least = 3;

    for (const struct option *o = long_options; o->name != NULL; o++) {
        bool is_taken = o->val == OPT_HELP || (commands[command].takes & BIT(o->val)) != 0;
        size_t far = is_taken && strlen(word) <= NAME_MAX_LEN ? distance(word, o->name) : least;

        if (far < least) {
            least = far;
            found = o->name;
        }
    }
    return found;
}

/* --- the command line --- */

/* getopt_long returned ':', or '?' for an option that does not exist. */
static int refuse_option(size_t command, int why, const char *word)
{
    const char *name = commands[command].name;
    const char *near = nearest_option(command, word + strspn(word, "-"));

    if (why == ':')
        tk_host_message("%s needs a value; see tokenkeeper %s --help", word, name);
    else if (near != NULL)
        tk_host_message("%s has no option %s; did you mean --%s?", name, word, near);
    else
        tk_host_message("%s has no option %s; see tokenkeeper %s --help", name, word, name);
    return TK_EXIT_USAGE;
}

/* An option of another command. */
static int refuse_foreign(size_t command, const char *option)
{
    const char *name = commands[command].name;

    tk_host_message("%s has no option --%s; see tokenkeeper %s --help", name, option, name);
    return TK_EXIT_USAGE;
}

static int run_command(size_t i, int argc, char **argv)
{
    struct tk_options options = {.json = false};
    int option, index = 0;

    while ((option = getopt_long(argc, argv, ":f:h", long_options, &index)) != -1) {
        if (option == OPT_HELP || option == 'h') {
            tk_help_print_of(commands[i].name);
            return TK_EXIT_OK;
        }
        if (option == '?' || option == ':')
            return refuse_option(i, option, argv[optind - 1]);
        if ((commands[i].takes & BIT(option == 'f' ? OPT_FILE : option)) == 0)
            return refuse_foreign(i, option == 'f' ? "file" : long_options[index].name);
        keep_option(&options, option == 'f' ? OPT_FILE : option, optarg);
    }
    options.args = argv + optind;
    options.count = (size_t)(argc - optind);
    if (options.count > 0 && !commands[i].has_args) {
        tk_host_message("unexpected argument '%s'; see tokenkeeper %s --help", argv[optind],
                        commands[i].name);
        return TK_EXIT_USAGE;
    }
    return commands[i].run(&options);
}

/* Whether a command of the console begins with this word; test_get.py compares. */
static bool is_of_console(const char *word)
{
    static const char *const words[] = {
        "show",     "history", "set",           "unset", "check",         "auth",     "portal",
        "token",    "ca",      "time",          "seed",  "ref",           "escalate", "log",
        "selftest", "reboot",  "factory-reset", "pin",   "corezoid_token"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(word, words[i]) == 0)
            return true;
    }
    return false;
}

/* The command that is spelled most like the word; NULL: none is near. */
static const char *nearest_command(const char *word)
{
    const char *found = NULL;
    size_t least = 3;

    for (size_t i = 0; i < COMMANDS + 2 && strlen(word) <= NAME_MAX_LEN; i++) {
        const char *name = i < COMMANDS ? commands[i].name : i == COMMANDS ? "help" : "version";
        size_t far = distance(word, name);

        if (far < least && far < strlen(name)) {
            least = far;
            found = name;
        }
    }
    return found;
}

static int refuse_command(const char *name)
{
    if (is_of_console(name)) {
        tk_host_message("'%s' is a command of the console; type it in tokenkeeper console, or: "
                        "tokenkeeper do '%s ...'",
                        name, name);
        return TK_EXIT_USAGE;
    }
    const char *near = nearest_command(name + strspn(name, "-"));

    if (near != NULL) {
        tk_host_message("unknown command '%s'; did you mean %s?", name, near);
        return TK_EXIT_USAGE;
    }
    tk_host_message("unknown command '%s'; see tokenkeeper --help", name);
    return TK_EXIT_USAGE;
}

/* "version" for --version, -v and version; the same of help. */
static bool is_word(const char *name, const char *word)
{
    if (name[0] == '-' && name[1] != '\0' && name[2] == '\0')
        return tolower((unsigned char)name[1]) == word[0];
    return strcmp(name + (strncmp(name, "--", 2) == 0 ? 2 : 0), word) == 0;
}

/* Else a socket would take the place of a standard output that is closed, and get what is printed.
 */
static void keep_standard_files(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDONLY);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";

    keep_standard_files();
    if (is_word(name, "help") || is_word(name, "version")) {
        if (is_word(name, "help"))
            tk_help_print(stdout);
        else
            puts("tokenkeeper " TK_VERSION);
        return TK_EXIT_OK;
    }
    if (strcmp(name, "provision") == 0)
        return tk_host_provision(argc - 1, argv + 1);
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(name, commands[i].name) == 0)
            return run_command(i, argc - 1, argv + 1);
    }
    if (argc > 1)
        return refuse_command(name);
    tk_help_print_short(stderr);
    return TK_EXIT_USAGE;
}
