/* SPDX-License-Identifier: Apache-2.0 */
#include "provision.h"

#include "protect.h"
#include "tk_wipe.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LOGIN_S = 300, JOBS = 8, JOBS_MAX = 64, BAUD_MAX = 4000000 };

static const char usage[] =
    "tokenkeeper provision makes a gateway ready: it sets what is missing, opens your\n"
    "browser for the login, catches the code at http://localhost:7000 and sends it.\n"
    "\n"
    "  tokenkeeper provision [--serial PORT | --socket PATH] [OPTION...]\n"
    "  tokenkeeper provision --page FILE [--port N]\n"
    "  tokenkeeper provision --from FILE [--result FILE] [--jobs N] [OPTION...]\n"
    "\n"
    "  --serial PORT     serial port of the gateway; without it, all are asked\n"
    "  --baud N          its speed (115200)\n"
    "  --socket PATH     or the service on this machine; --admin: its other socket\n"
    "  --portal NAME     acme (for acme.bitrix24.com), or host[:port]\n"
    "  --client-id ID    of the application in the portal\n"
    "  --secret-file F   a file of mode 0600 with its client_secret; --secret-fd N:\n"
    "                    a descriptor; otherwise it is asked for, not shown\n"
    "  --scope LIST      crm,user\n"
    "  --account NAME    account of the gateway (its first one)\n"
    "  --user ID         who must have logged in\n"
    "  --renew INTERVAL  25m, 2h, on-demand, ...\n"
    "  --set KEY=VALUE   any other setting of the console that is no secret\n"
    "  --pin-file F      a file of mode 0600 with the console_pin, which is set where\n"
    "                    there is none; --no-pin: propose none\n"
    "  --port N          of the application's handler, http://localhost:N (7000)\n"
    "  --no-browser      print the links only; the address may be pasted\n"
    "  --login-timeout S seconds to wait for the login (300)\n"
    "  --json            an object for each step, on standard output\n"
    "  --dry-run         stop after the check\n"
    "  --from FILE       a gateway in each row; the first row names the columns:\n"
    "                    serial gateway account portal client_id user note, and\n"
    "                    settings of the console. Repeat the command to resume\n"
    "  --result FILE     its rows with state and error (FILE.result.csv)\n"
    "  --page FILE       serve boards/host/web/index.html instead, until Ctrl-C\n"
    "  --jobs N          ports that are set up at once (8); logins follow one by one\n"
    "\n"
    "What is asked for can be given with options. A ready gateway stays as it is.\n"
    "exit status: 0 ready, 2 usage error, 3 no gateway, 5 operator action required,\n"
    "6 try again later, 9 the login did not come in time, 70 internal error,\n"
    "130 interrupted. Of several gateways: that of the first that is not ready.\n";

enum {
    OPT_SERIAL = 1,
    OPT_BAUD,
    OPT_SOCKET,
    OPT_ADMIN,
    OPT_SECRET_FILE,
    OPT_SECRET_FD,
    OPT_SET,
    OPT_PIN_FILE,
    OPT_NO_PIN,
    OPT_NO_BROWSER,
    OPT_LOGIN_TIMEOUT,
    OPT_PORT,
    OPT_JSON,
    OPT_DRY_RUN,
    OPT_FROM,
    OPT_RESULT,
    OPT_JOBS,
    OPT_PAGE,
    OPT_HELP,
    OPT_PLAN /* and above: a value of the plan */
};

static const char *const plan_keys[] = {"portal", "client_id", "scope",    "account",
                                        "user",   "renew",     "auth_host"};

static const struct option long_options[] = {
    {"serial", required_argument, NULL, OPT_SERIAL},
    {"baud", required_argument, NULL, OPT_BAUD},
    {"socket", required_argument, NULL, OPT_SOCKET},
    {"admin", required_argument, NULL, OPT_ADMIN},
    {"secret-file", required_argument, NULL, OPT_SECRET_FILE},
    {"secret-fd", required_argument, NULL, OPT_SECRET_FD},
    {"set", required_argument, NULL, OPT_SET},
    {"pin-file", required_argument, NULL, OPT_PIN_FILE},
    {"no-pin", no_argument, NULL, OPT_NO_PIN},
    {"no-browser", no_argument, NULL, OPT_NO_BROWSER},
    {"login-timeout", required_argument, NULL, OPT_LOGIN_TIMEOUT},
    {"port", required_argument, NULL, OPT_PORT},
    {"json", no_argument, NULL, OPT_JSON},
    {"dry-run", no_argument, NULL, OPT_DRY_RUN},
    {"from", required_argument, NULL, OPT_FROM},
    {"result", required_argument, NULL, OPT_RESULT},
    {"page", required_argument, NULL, OPT_PAGE},
    {"jobs", required_argument, NULL, OPT_JOBS},
    {"help", no_argument, NULL, OPT_HELP},
    {"portal", required_argument, NULL, OPT_PLAN},
    {"client-id", required_argument, NULL, OPT_PLAN + 1},
    {"scope", required_argument, NULL, OPT_PLAN + 2},
    {"account", required_argument, NULL, OPT_PLAN + 3},
    {"user", required_argument, NULL, OPT_PLAN + 4},
    {"renew", required_argument, NULL, OPT_PLAN + 5},
    {"auth-host", required_argument, NULL, OPT_PLAN + 6},
    {NULL, 0, NULL, 0}};

volatile sig_atomic_t tk_provision_interrupted, tk_provision_waits;

static struct tk_provision provision;

/* --- the command line --- */

static bool number(const char *name, const char *text, unsigned max, unsigned *out)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (*text >= '0' && *text <= '9' && *end == '\0' && value >= 1 && value <= max) {
        *out = (unsigned)value;
        return true;
    }
    tk_host_message("--%s takes a number from 1 to %u, not '%s'", name, max, text);
    return false;
}

static bool add_setting(struct tk_plan *plan, char *text)
{
    char *value = strchr(text, '=');

    if (value == NULL || value == text) {
        tk_host_message("--set takes KEY=VALUE");
        return false;
    }
    *value++ = '\0';
    if (tk_plan_is_secret(text)) { /* an argument is in the history of a shell */
        tk_host_message(
            "%s is a secret and must not be an argument: give it in the file of --from, "
            "or with: tokenkeeper do 'set %s'",
            text, text);
        return false;
    }
    return tk_plan_add(plan, text, value);
}

static bool keep_flag(struct tk_provision *p, int option)
{
    bool *const flags[OPT_PLAN] = {[OPT_NO_PIN] = &p->no_pin,
                                   [OPT_NO_BROWSER] = &p->no_browser,
                                   [OPT_JSON] = &p->json,
                                   [OPT_DRY_RUN] = &p->dry_run};

    if (option >= OPT_PLAN || flags[option] == NULL)
        return false;
    *flags[option] = true;
    return true;
}

static bool keep_secret(struct tk_provision *p, int option, const char *value)
{
    if (option == OPT_PIN_FILE) {
        p->sets_pin = true;
        return tk_secret_read_file(value, p->secrets.pin);
    }
    p->secrets.is_given = true;
    return option == OPT_SECRET_FD ? tk_secret_read_fd(value, p->secrets.given)
                                   : tk_secret_read_file(value, p->secrets.given);
}

static bool keep_option(struct tk_provision *p, int option, char *value)
{
    if (option >= OPT_PLAN)
        return tk_plan_add(&p->plan, plan_keys[option - OPT_PLAN], value);
    switch (option) {
    case OPT_SERIAL:
        return tk_plan_add(&p->plan, "serial", value);
    case OPT_BAUD:
        return number("baud", value, BAUD_MAX, &p->baud);
    case OPT_SOCKET:
        p->where.socket = value;
        return true;
    case OPT_ADMIN:
        p->where.admin = value;
        return true;
    case OPT_SET:
        return add_setting(&p->plan, value);
    case OPT_LOGIN_TIMEOUT:
        return number("login-timeout", value, 3600, &p->login_s);
    case OPT_PORT:
        return number("port", value, 65535, &p->port);
    case OPT_JOBS:
        return number("jobs", value, JOBS_MAX, &p->jobs);
    case OPT_FROM:
        p->from = value;
        return true;
    case OPT_PAGE:
        p->page = value;
        return true;
    case OPT_RESULT:
        p->result = value;
        return true;
    default:
        return keep_secret(p, option, value);
    }
}

static int parse(struct tk_provision *p, int argc, char **argv, bool *ended)
{
    int option;

    *ended = true;
    while ((option = getopt_long(argc, argv, ":", long_options, NULL)) != -1) {
        if (option == OPT_HELP) {
            fputs(usage, stdout);
            return TK_EXIT_OK;
        }
        if (option == '?' || option == ':') {
            tk_host_message(option == ':' ? "%s needs a value; see tokenkeeper provision --help"
                                          : "provision has no option %s; see tokenkeeper provision "
                                            "--help",
                            argv[optind - 1]);
            return TK_EXIT_USAGE;
        }
        if (!keep_flag(p, option) && !keep_option(p, option, optarg))
            return TK_EXIT_USAGE;
    }
    if (optind < argc) {
        tk_host_message("unexpected argument '%s'; see tokenkeeper provision --help", argv[optind]);
        return TK_EXIT_USAGE;
    }
    if (tk_plan_value(&p->plan, "serial") != NULL &&
        (p->where.socket != NULL || p->where.admin != NULL)) {
        tk_host_message("--serial and --socket exclude each other");
        return TK_EXIT_USAGE;
    }
    *ended = false;
    return TK_EXIT_OK;
}

/* --- one gateway --- */

static int run_one(struct tk_provision *p)
{
    struct tk_flow *flow = calloc(1, sizeof *flow);
    int status;

    if (flow == NULL)
        return TK_EXIT_INTERNAL;
    flow->p = p;
    flow->plan = &p->plan;
    status = tk_flow_run(flow, p->dry_run);
    tk_wipe(flow, sizeof *flow);
    free(flow);
    return status;
}

/* Nothing is left half done: what the gateway has, it keeps. */
static void interrupt(int number)
{
    static const char words[] = "\ninterrupted; repeat the command to go on\n";

    (void)number;
    tk_provision_interrupted = 1;
    if (tk_provision_waits)
        return;
    (void)!write(STDERR_FILENO, words, sizeof words - 1);
    _exit(TK_EXIT_INTERRUPTED);
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = interrupt, .sa_flags = (int)SA_RESETHAND};

    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    action = (struct sigaction){.sa_handler = SIG_IGN};
    (void)sigaction(SIGPIPE, &action, NULL);
}

int tk_host_provision(int argc, char **argv)
{
    struct tk_provision *p = &provision;
    bool ended;

    p->login_s = LOGIN_S;
    p->jobs = JOBS;
    p->baud = TK_SERIAL_BAUD;
    p->port = TK_LOOPBACK_PORT;
    tk_host_protect(p, sizeof *p);
    int status = parse(p, argc, argv, &ended);

    if (!ended) {
        catch_signals();
        p->steps.json = p->json;
        tk_provision_waits = p->page != NULL;
        status = p->page != NULL   ? tk_page_serve(p, p->page)
                 : p->from != NULL ? tk_fleet_run(p)
                                   : run_one(p);
    }
    if (p->is_listening)
        tk_loopback_close(&p->loopback);
    tk_wipe(p, sizeof *p);
    return status;
}
