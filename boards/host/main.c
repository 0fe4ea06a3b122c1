/* SPDX-License-Identifier: Apache-2.0 */
#include "host.h"

#include "tk_version.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const char usage[] =
    "tokenkeeper gets an OAuth token for Bitrix24 and keeps it fresh.\n"
    "\n"
    "  tokenkeeper run [--flash FILE] [--console stdio|pty[=LINK]|/dev/ttyX|none]\n"
    "                  [--socket PATH] [--socket-group GROUP] [--admin PATH] [--access FILE]\n"
    "                  [--ca PEM] [--key FILE]\n"
    "      Runs the service. Type help on its console. End of input detaches the console;\n"
    "      SIGTERM, or Ctrl-\\ on a terminal, stops the service; a refresh that was sent is\n"
    "      awaited for up to 30 s, unless SIGINT, or Ctrl-\\ once more, follows.\n"
    "  tokenkeeper console [--socket PATH] [--admin PATH]\n"
    "      Opens a console of the running service, for root and the user of the service. Ctrl-]\n"
    "      leaves it.\n"
    "  tokenkeeper events [--socket PATH] [--admin PATH]\n"
    "      Prints each event from now on as an object on a line (NDJSON), for root and the user\n"
    "      of the service; what changed and who did it has \"kind\":\"security\".\n"
    "  tokenkeeper get [--ref NAME] [--min-valid S] [--rejected GENERATION] [--timeout S]\n"
    "                  [--json] [--socket PATH]\n"
    "      Prints a valid access token. --min-valid: renew it first if fewer seconds are\n"
    "      left (default 60). --rejected: a server answered 401 to this generation.\n"
    "      --timeout: seconds to wait, connecting included (default 30, at most 3600).\n"
    "      --json: print all values.\n"
    "  tokenkeeper --version | --help\n"
    "\n"
    "  --flash FILE          file with settings and tokens (root: /var/lib/tokenkeeper/flash.bin,\n"
    "                        otherwise under $XDG_STATE_HOME)\n"
    "  --socket PATH         socket that gives tokens ($TOKENKEEPER_SOCKET; root:\n"
    "                        /run/tokenkeeper/socket, otherwise under $XDG_RUNTIME_DIR)\n"
    "  --socket-group GROUP  let the members of GROUP get tokens there; without it only this user\n"
    "                        and root may\n"
    "  --admin PATH          socket of the console, in a directory that only this user or root\n"
    "                        can write ($TOKENKEEPER_ADMIN; otherwise admin beside --socket)\n"
    "  --access FILE         which of them may get which tokens, see OPERATIONS.md\n"
    "  --ca PEM              trust the roots in this file instead of the machine's\n"
    "  --key FILE            encrypt the flash file with a key derived from FILE; keep FILE on\n"
    "                        another medium, with mode 0600\n"
    "\n"
    "exit status: 0 success, 2 usage error, 3 no service, 4 no such ref, 5 operator action\n"
    "required and no valid token, 6 try again later, 70 internal error, 75 flash file in use\n";

enum {
    OPT_FLASH = 1,
    OPT_CONSOLE,
    OPT_SOCKET,
    OPT_SOCKET_GROUP,
    OPT_ADMIN,
    OPT_ACCESS,
    OPT_CA,
    OPT_KEY,
    OPT_REF,
    OPT_MIN_VALID,
    OPT_REJECTED,
    OPT_TIMEOUT,
    OPT_JSON,
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
    {"ref", required_argument, NULL, OPT_REF},
    {"min-valid", required_argument, NULL, OPT_MIN_VALID},
    {"rejected", required_argument, NULL, OPT_REJECTED},
    {"timeout", required_argument, NULL, OPT_TIMEOUT},
    {"json", no_argument, NULL, OPT_JSON},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0}};

static const struct {
    const char *name;
    int (*run)(const struct tk_options *options);
    unsigned takes;
} commands[] = {
    {"run", tk_host_run,
     BIT(OPT_FLASH) | BIT(OPT_CONSOLE) | BIT(OPT_SOCKET) | BIT(OPT_SOCKET_GROUP) | BIT(OPT_ADMIN) |
         BIT(OPT_ACCESS) | BIT(OPT_CA) | BIT(OPT_KEY)},
    {"console", tk_host_console, BIT(OPT_SOCKET) | BIT(OPT_ADMIN)},
    {"events", tk_host_events, BIT(OPT_SOCKET) | BIT(OPT_ADMIN)},
    {"get", tk_host_get,
     BIT(OPT_SOCKET) | BIT(OPT_REF) | BIT(OPT_MIN_VALID) | BIT(OPT_REJECTED) | BIT(OPT_TIMEOUT) |
         BIT(OPT_JSON)},
};

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
                                      [OPT_REF] = &o->ref,
                                      [OPT_MIN_VALID] = &o->min_valid,
                                      [OPT_REJECTED] = &o->rejected,
                                      [OPT_TIMEOUT] = &o->timeout};

    if (option == OPT_JSON)
        o->json = true;
    else
        *places[option] = value;
}

static int run_command(size_t i, int argc, char **argv)
{
    struct tk_options options = {.json = false};
    int option;

    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        if (option == OPT_HELP) {
            fputs(usage, stdout);
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
    if (optind < argc) {
        tk_host_message("unexpected argument '%s'; see tokenkeeper --help", argv[optind]);
        return TK_EXIT_USAGE;
    }
    return commands[i].run(&options);
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";

    if (strcmp(name, "--help") == 0 || strcmp(name, "--version") == 0) {
        fputs(name[2] == 'h' ? usage : "tokenkeeper " TK_VERSION "\n", stdout);
        return TK_EXIT_OK;
    }
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(name, commands[i].name) == 0)
            return run_command(i, argc - 1, argv + 1);
    }
    fputs(usage, stderr);
    return TK_EXIT_USAGE;
}
