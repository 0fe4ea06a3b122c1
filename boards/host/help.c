/* SPDX-License-Identifier: Apache-2.0 */
#include "help.h"

#include <stdio.h>
#include <string.h>

static const char head[] = "tokenkeeper gets an OAuth token for Bitrix24 and keeps it fresh.\n"
                           "\n";

static const struct {
    const char *name, *what, *text;
} commands[] = {
    {"run", "runs the service",
     "  tokenkeeper run [--flash FILE] [--console stdio|pty[=LINK]|/dev/ttyX|none]\n"
     "                  [--socket PATH] [--socket-group GROUP] [--admin PATH]\n"
     "                  [--access FILE] [--ca PEM] [--key FILE] [--device-id ID]\n"
     "      Runs the service. Type help on its console. End of input detaches the\n"
     "      console; SIGTERM, or Ctrl-C twice on a terminal, stops the service; a\n"
     "      refresh that was sent is awaited for up to 30 s, unless SIGINT or Ctrl-\\\n"
     "      follows. A serial console that is unplugged is opened again.\n"},
    {"console", "opens a console of the running service",
     "  tokenkeeper console [--ask-pin] [--socket PATH] [--admin PATH]\n"
     "      Opens a console of the running service, for root and the user of the\n"
     "      service. exit or Ctrl-] leaves it. --ask-pin: console_pin is asked, for a\n"
     "      terminal that others can reach.\n"},
    {"provision", "makes a gateway ready from this machine",
     "  tokenkeeper provision [--serial PORT | --socket PATH] [--portal NAME]\n"
     "                  [--client-id ID] [--secret-file FILE] [--no-browser]\n"
     "                  [--from FILE.csv] [--json] [--dry-run] ...\n"
     "      Makes gateways ready from this machine: sets what is missing, checks,\n"
     "      opens the browser for the login, catches the code and sends it.\n"
     "      tokenkeeper provision --help has all options.\n"},
    {"do", "runs console commands, here or at a serial port",
     "  tokenkeeper do [--ref NAME] [--json] [--keep-going] [--timeout S]\n"
     "                 [--socket PATH | --serial PORT [--baud N]]\n"
     "                 'COMMAND'... | -f FILE | -\n"
     "      Runs commands of the console, one after the other, and prints the answer\n"
     "      of each: its lines, then OK or ERR. At the first ERR it stops, unless\n"
     "      --keep-going. -f and - (standard input) take one command a line; blank\n"
     "      lines and # comments are skipped. Where the value of a secret is left out,\n"
     "      as in 'set client_secret', it is asked on the terminal, without echo; on\n"
     "      the command line a secret is refused. --serial: the gateway at that port\n"
     "      (115200 baud, or --baud) instead of this machine's service; auto: the one\n"
     "      that answers at a port of this machine. --ref: for that account. --json:\n"
     "      an object a command. --timeout: seconds for an answer (default 90, at most\n"
     "      3600). Exit status: that of the first ERR, as below.\n"},
    {"status", "says how all accounts are, and what to do next",
     "  tokenkeeper status [--json] [--socket PATH | --serial PORT [--baud N]]\n"
     "      Prints the state of each account, and what to do next. --serial as for do.\n"
     "      Exit status: 0 all are ready, 3 no service, 5 an operator must act, 6 one\n"
     "      is being retried. --json: one object.\n"},
    {"events", "prints what happens, as JSON",
     "  tokenkeeper events [--socket PATH] [--admin PATH]\n"
     "      Prints each event from now on as an object on a line (NDJSON), for root\n"
     "      and the user of the service; what changed, and who did it, has\n"
     "      \"kind\":\"security\".\n"},
    {"export", "prints the settings as console commands",
     "  tokenkeeper export [--socket PATH] [--admin PATH]\n"
     "      Prints settings and added roots as commands for the console of another\n"
     "      gateway, without secrets and tokens: a comment names each setting that\n"
     "      must be typed.\n"},
    {"get", "prints a valid access token",
     "  tokenkeeper get [--ref NAME] [--min-valid S] [--rejected GENERATION]\n"
     "                  [--timeout S] [--json] [--socket PATH]\n"
     "      Prints a valid access token. --min-valid: renew it first if fewer seconds\n"
     "      are left (default 60). --rejected: a server answered 401 to this\n"
     "      generation. --timeout: seconds to wait, connecting included (default 30,\n"
     "      at most 3600). --json: print all values.\n"},
    {"call", "calls a REST method of the portal",
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
     "      or error and error_description, a line. --halt: stop at the first error.\n"},
    {"rekey", "seals the flash file with another key",
     "  tokenkeeper rekey [--flash FILE] [--key FILE] --new-key FILE\n"
     "      Seals the flash file with another key, or for the first time: then without\n"
     "      --key. Stop the service first. A power cut leaves the old or the new\n"
     "      content; repeat the command to finish. As root it reads the keys, then\n"
     "      acts as the file's owner.\n"},
};

static const char paths[] =
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
    "\n";

static const char exits[] =
    "exit status: 0 success, 2 usage error, 3 no service, 4 no such ref, 5 operator\n"
    "action required and no valid token, 6 try again later, 7 the portal refused the\n"
    "call (its code is on standard error), 8 it is unknown whether the call was\n"
    "carried out, 70 internal error, 75 flash file in use\n";

enum { COMMANDS = sizeof commands / sizeof commands[0] };

void tk_help_print(FILE *out)
{
    fputs(head, out);
    for (size_t i = 0; i < COMMANDS; i++)
        fputs(commands[i].text, out);
    fprintf(out, "%s%s", paths, exits);
}

void tk_help_print_short(FILE *out)
{
    fputs(head, out);
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].what);
    fputs("\ntokenkeeper COMMAND --help says more of one, tokenkeeper --help of all.\n", out);
}

void tk_help_print_of(const char *name)
{
    size_t i = 0;

    while (i < COMMANDS - 1 && strcmp(commands[i].name, name) != 0)
        i++;
    printf("%s\ntokenkeeper --help has the paths, and the other commands.\n\n%s",
           commands[i].text + 2, exits);
}
