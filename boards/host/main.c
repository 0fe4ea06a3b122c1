/* SPDX-License-Identifier: Apache-2.0 */
#include "host.h"

#include "tk_version.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "tokenkeeper gets an OAuth token for Bitrix24 and keeps it fresh.\n"
    "\n"
    "  tokenkeeper run [--flash FILE] [--console stdio|pty[=LINK]|/dev/ttyX|none]\n"
    "                  [--socket PATH] [--socket-group GROUP] [--admin PATH]\n"
    "                  [--access FILE] [--ca PEM] [--key FILE] [--device-id ID]\n"
    "      Runs the service. Type help on its console. End of input detaches the\n"
    "      console; SIGTERM, or Ctrl-\\ on a terminal, stops the service; a refresh\n"
    "      that was sent is awaited for up to 30 s, unless SIGINT, or Ctrl-\\ once\n"
    "      more, follows.\n"
    "  tokenkeeper console [--ask-pin] [--socket PATH] [--admin PATH]\n"
    "      Opens a console of the running service, for root and the user of the\n"
    "      service. Ctrl-] leaves it. --ask-pin: console_pin is asked, for a terminal\n"
    "      that others can reach.\n"
    "  tokenkeeper events [--socket PATH] [--admin PATH]\n"
    "      Prints each event from now on as an object on a line (NDJSON), for root\n"
    "      and the user of the service; what changed, and who did it, has\n"
    "      \"kind\":\"security\".\n"
    "  tokenkeeper export [--socket PATH] [--admin PATH]\n"
    "      Prints settings and added roots as commands for the console of another\n"
    "      gateway, without secrets and tokens: a comment names each setting that\n"
    "      must be typed.\n"
    "  tokenkeeper get [--ref NAME] [--min-valid S] [--rejected GENERATION]\n"
    "                  [--timeout S] [--json] [--socket PATH]\n"
    "      Prints a valid access token. --min-valid: renew it first if fewer seconds\n"
    "      are left (default 60). --rejected: a server answered 401 to this\n"
    "      generation. --timeout: seconds to wait, connecting included (default 30,\n"
    "      at most 3600). --json: print all values.\n"
    "  tokenkeeper call METHOD [NAME=TEXT | NAME:=JSON | NAME=@FILE]... [-]\n"
    "                  [--ref NAME] [--raw] [--all] [--batch FILE] [--dry-run] ...\n"
    "      Calls a REST method of the portal, and prints the result on one line.\n"
    "      Names are nested as in PHP: fields[PHONE][0][VALUE]=1, select[]=ID.\n"
    "      - reads all parameters as a JSON object from standard input instead.\n"
    "      --raw: print the whole answer. --dry-run: print the request, without the\n"
    "      token, and send nothing. --json: print errors as JSON objects, too.\n"
    "      --safe: the method changes nothing and may be repeated, whatever its name.\n"
    "      --timeout: seconds until the answer begins (default 75, at most 3600).\n"
    "      --wait: seconds to wait for the portal's limits (default: the timeout).\n"
    "      --all: print each row of a list on a line (NDJSON), page by page by ID.\n"
    "      --limit N: so many rows. --after ID: those with later IDs.\n"
    "      --id-key NAME: the field with the ID (ID; id of crm.item, catalog and\n"
    "      sale). --items-key NAME: the list in the result, if not the first one.\n"
    "      --batch FILE (or -): a command a line, 50 in a call:\n"
    "      {\"id\":..,\"method\":..,\"params\":{..}}; {\"ref\":\"a.ID\"} stands for the ID in\n"
    "      the result of command a among the same 50. Prints {\"id\":..,\"result\":..},\n"
    "      or error and error_description, a line. --halt: stop at the first error.\n"
    "  tokenkeeper rekey [--flash FILE] [--key FILE] --new-key FILE\n"
    "      Seals the flash file with another key, or for the first time: then without\n"
    "      --key. Stop the service first. A power cut leaves the old or the new\n"
    "      content; repeat the command to finish. As root it reads the keys, then\n"
    "      acts as the file's owner.\n"
    "  tokenkeeper version | --version\n"
    "  tokenkeeper help | --help\n"
    "\n"
    "  --flash FILE   file with settings and tokens (root:\n"
    "                 /var/lib/tokenkeeper/flash.bin, otherwise under\n"
    "                 $XDG_STATE_HOME)\n"
    "  --socket PATH  socket that gives tokens ($TOKENKEEPER_SOCKET; root:\n"
    "                 /run/tokenkeeper/socket, otherwise under $XDG_RUNTIME_DIR)\n"
    "  --socket-group GROUP\n"
    "                 let the members of GROUP get tokens there; without it only\n"
    "                 this user and root may\n"
    "  --admin PATH   socket of the console, in a directory that only this user or\n"
    "                 root can write ($TOKENKEEPER_ADMIN; otherwise admin beside\n"
    "                 --socket)\n"
    "  --access FILE  which of them may get which tokens, see OPERATIONS.md\n"
    "  --ca PEM       trust the roots in this file instead of the machine's\n"
    "  --key FILE     encrypt the flash file with a key derived from FILE; keep FILE\n"
    "                 on another medium, with mode 0600; default: the credential\n"
    "                 tokenkeeper.key of systemd, if there is one\n"
    "  --new-key FILE the key that replaces it\n"
    "  --device-id ID 4 to 32 letters, digits and -, instead of an id made from\n"
    "                 /etc/machine-id. Tokens are of use under the id that stored\n"
    "                 them only: give a container a fixed one\n"
    "\n"
    "exit status: 0 success, 2 usage error, 3 no service, 4 no such ref, 5 operator\n"
    "action required and no valid token, 6 try again later, 7 the portal refused the\n"
    "call (its code is on standard error), 8 it is unknown whether the call was\n"
    "carried out, 70 internal error, 75 flash file in use\n";

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
    OPT_HELP,
    OPT_COUNT
};

#define BIT(option) (1u << (option))

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
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0}};

static const struct {
    const char *name;
    int (*run)(const struct tk_options *options);
    unsigned takes;
} commands[] = {
    {"run", tk_host_run,
     BIT(OPT_FLASH) | BIT(OPT_CONSOLE) | BIT(OPT_SOCKET) | BIT(OPT_SOCKET_GROUP) | BIT(OPT_ADMIN) |
         BIT(OPT_ACCESS) | BIT(OPT_CA) | BIT(OPT_KEY) | BIT(OPT_DEVICE_ID)},
    {"console", tk_host_console, BIT(OPT_SOCKET) | BIT(OPT_ADMIN) | BIT(OPT_ASK_PIN)},
    {"export", tk_host_export, BIT(OPT_SOCKET) | BIT(OPT_ADMIN)},
    {"rekey", tk_host_rekey, BIT(OPT_FLASH) | BIT(OPT_KEY) | BIT(OPT_NEW_KEY)},
    {"events", tk_host_events, BIT(OPT_SOCKET) | BIT(OPT_ADMIN)},
    {"get", tk_host_get,
     BIT(OPT_SOCKET) | BIT(OPT_REF) | BIT(OPT_MIN_VALID) | BIT(OPT_REJECTED) | BIT(OPT_TIMEOUT) |
         BIT(OPT_JSON)},
    {"call", tk_host_call,
     BIT(OPT_SOCKET) | BIT(OPT_REF) | BIT(OPT_TIMEOUT) | BIT(OPT_JSON) | BIT(OPT_WAIT) |
         BIT(OPT_LIMIT) | BIT(OPT_AFTER) | BIT(OPT_ID_KEY) | BIT(OPT_ITEMS_KEY) | BIT(OPT_BATCH) |
         BIT(OPT_ALL) | BIT(OPT_RAW) | BIT(OPT_SAFE) | BIT(OPT_HALT) | BIT(OPT_DRY_RUN)},
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
                                      [OPT_BATCH] = &o->batch};
    bool *flags[OPT_COUNT] = {
        [OPT_JSON] = &o->json,      [OPT_ASK_PIN] = &o->ask_pin, [OPT_ALL] = &o->all,
        [OPT_RAW] = &o->raw,        [OPT_SAFE] = &o->safe,       [OPT_HALT] = &o->halt,
        [OPT_DRY_RUN] = &o->dry_run};

    if (flags[option] != NULL)
        *flags[option] = true;
    else
        *places[option] = value;
}

/* What the usage says about one command: from the line with its name to the next command's. */
static void print_help_of(const char *name)
{
    static const char mark[] = "\n  tokenkeeper ", exits[] = "\nexit status: ";
    const char *at = usage, *end;
    size_t len = strlen(name);

    while ((at = strstr(at, mark)) != NULL) {
        at += sizeof mark - 1;
        if (strncmp(at, name, len) == 0 && at[len] == ' ')
            break;
    }
    if (at == NULL)
        return;
    end = strstr(at, mark);
    printf("tokenkeeper %.*s\n\ntokenkeeper --help has the paths, and the other commands.\n%s",
           (int)(end - at), at, strstr(end, exits));
}

static int run_command(size_t i, int argc, char **argv)
{
    struct tk_options options = {.json = false};
    int option;

    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        if (option == OPT_HELP) {
            print_help_of(commands[i].name);
            return TK_EXIT_OK;
        }
        if (option == '?') { /* getopt has printed why */
            tk_host_message("see tokenkeeper --help");
            return TK_EXIT_USAGE;
        }
        if ((commands[i].takes & BIT(option)) == 0) {
            tk_host_message("%s does not take this option; see tokenkeeper --help",
                            commands[i].name);
            return TK_EXIT_USAGE;
        }
        keep_option(&options, option, optarg);
    }
    options.args = argv + optind;
    options.count = (size_t)(argc - optind);
    if (options.count > 0 && commands[i].run != tk_host_call) {
        tk_host_message("unexpected argument '%s'; see tokenkeeper --help", argv[optind]);
        return TK_EXIT_USAGE;
    }
    return commands[i].run(&options);
}

/* Levenshtein's: insertions, deletions and replacements that make b of a; both are short. */
static size_t distance(const char *a, const char *b)
{
    size_t row[NAME_MAX_LEN + 1], len = strlen(b);

    for (size_t j = 0; j <= len; j++)
        row[j] = j;
    for (; *a != '\0'; a++) {
        size_t diagonal = row[0]++;

        for (size_t j = 1; j <= len; j++) {
            size_t replaced = diagonal + (*a != b[j - 1]);
            size_t other = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;

            diagonal = row[j];
            row[j] = replaced < other ? replaced : other;
        }
    }
    return row[len];
}

/* Whether a command of the console begins with this word; test_get.py compares. */
static bool is_of_console(const char *word)
{
    static const char *const words[] = {
        "status", "show",     "history", "set",           "unset", "check",         "auth",
        "portal", "token",    "ca",      "time",          "seed",  "ref",           "escalate",
        "log",    "selftest", "reboot",  "factory-reset", "pin",   "corezoid_token"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(word, words[i]) == 0)
            return true;
    }
    return false;
}

static int refuse_command(const char *name)
{
    if (is_of_console(name)) {
        tk_host_message("'%s' is a command of the console; open it with: tokenkeeper console",
                        name);
        return TK_EXIT_USAGE;
    }
    for (size_t i = 0; i < COMMANDS && strlen(name) <= NAME_MAX_LEN; i++) {
        if (distance(name, commands[i].name) <= 2) {
            tk_host_message("unknown command '%s'; did you mean %s?", name, commands[i].name);
            return TK_EXIT_USAGE;
        }
    }
    tk_host_message("unknown command '%s'; see tokenkeeper --help", name);
    return TK_EXIT_USAGE;
}

/* "version" for --version and version; the same of help. */
static bool is_word(const char *name, const char *word)
{
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
        fputs(is_word(name, "help") ? usage : "tokenkeeper " TK_VERSION "\n", stdout);
        return TK_EXIT_OK;
    }
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(name, commands[i].name) == 0)
            return run_command(i, argc - 1, argv + 1);
    }
    if (argc > 1)
        return refuse_command(name);
    fputs(usage, stderr);
    return TK_EXIT_USAGE;
}
