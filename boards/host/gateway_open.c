/* SPDX-License-Identifier: Apache-2.0 */
#include "client.h"
#include "gateway.h"
#include "tk_err.h"
#include "tk_limits.h"
#include "tk_string.h"
#include "tk_text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *code_of_errno(int error)
{
    if (error == EACCES || error == EPERM)
        return "no_permission";
    return error == EBUSY ? "port_busy" : "no_port";
}

enum tk_gateway_result tk_gateway_open_serial(struct tk_gateway *g, const char *path, unsigned baud,
                                              int timeout_ms)
{
    int fd = tk_serial_open(path, baud);
    int why = errno;
    enum tk_gateway_result result = tk_gateway_attach(g, path, fd, timeout_ms);

    if (fd >= 0)
        return result;
    (void)tk_copy(g->code, sizeof g->code, code_of_errno(why));
    tk_serial_explain(path, why, g->words, sizeof g->words);
    return result;
}

enum tk_gateway_result tk_gateway_open_service(struct tk_gateway *g,
                                               const struct tk_options *options, int *status)
{
    char path[TK_HOST_PATH] = "";
    struct tk_service service = {.fd = -1};

    *status =
        tk_host_admin_path(options, path) ? tk_client_console(options, &service) : TK_EXIT_USAGE;
    if (*status == TK_EXIT_OK)
        return tk_gateway_attach(g, path, service.fd, TK_GATEWAY_SERVICE_MS);
    (void)tk_gateway_attach(g, path, -1, 0);
    return tk_gateway_fail(g, TK_GATEWAY_ABSENT, "no_service", "the service gives no console");
}

/* --- finding --- */

static void try_port(struct tk_gateway *g, struct tk_gateway_search *s, const char *path)
{
    enum tk_gateway_result result = tk_gateway_open_serial(g, path, s->baud, TK_GATEWAY_PROBE_MS);

    if (result == TK_GATEWAY_ABSENT)
        (void)tk_copy(s->words, sizeof s->words, g->words);
    if (result != TK_GATEWAY_OK)
        return;
    (void)tk_copy(s->found[s->count].path, sizeof s->found[0].path, path);
    (void)tk_copy(s->found[s->count].id, sizeof s->found[0].id, g->id);
    s->count++;
}

static enum tk_gateway_result explain_search(struct tk_gateway *g,
                                             const struct tk_gateway_search *s)
{
    char words[sizeof g->words];
    struct tk_text t;

    tk_text_init(&t, words, sizeof words);
    if (s->count == 0) {
        tk_text_print(&t, "no gateway answers at the %u serial ports of this machine%s%s",
                      (unsigned)s->tried, s->words[0] == '\0' ? "" : ": ", s->words);
        tk_text_add(&t, s->words[0] == '\0' ? "; check cable and power, or name its port" : "");
        return tk_gateway_fail(g, TK_GATEWAY_ABSENT, "no_gateway", words);
    }
    tk_text_add(&t, "several gateways answer; name one with --serial:");
    for (size_t i = 0; i < s->count && tk_text_ok(&t); i++)
        tk_text_print(&t, " %s (%s)", s->found[i].path, s->found[i].id);
    return tk_gateway_fail(g, TK_GATEWAY_ABSENT, "several_gateways", words);
}

enum tk_gateway_result tk_gateway_find(struct tk_gateway *g, struct tk_gateway_search *search)
{
    char paths[TK_SERIAL_PORTS][TK_SERIAL_NAME];
    struct tk_gateway other = {.on_async = g->on_async, .owner = g->owner, .fd = -1};

    search->count = 0;
    search->words[0] = '\0';
    search->tried = tk_serial_list(search->sys, search->dev, paths);
    (void)tk_gateway_attach(g, "", -1, 0);
    for (size_t i = 0; i < search->tried; i++) {
        bool is_first = search->count == 0;

        try_port(is_first ? g : &other, search, paths[i]);
        if (!is_first)
            tk_gateway_close(&other);
    }
    if (search->count == 1)
        return TK_GATEWAY_OK;
    tk_gateway_close(g);
    return explain_search(g, search);
}

/* --- what the options name --- */

static int report(const struct tk_gateway *g, enum tk_gateway_result result)
{
    if (result != TK_GATEWAY_OK)
        tk_host_message("%s: %s", g->code, g->words);
    return tk_gateway_status(g, result);
}

static int find(struct tk_gateway *g, unsigned baud)
{
    static struct tk_gateway_search search = {.sys = "/sys/class/tty", .dev = "/dev"};

    search.baud = baud;
    return report(g, tk_gateway_find(g, &search));
}

int tk_gateway_open(struct tk_gateway *g, const struct tk_options *options)
{
    uint64_t baud = TK_SERIAL_BAUD;
    const char *text = options->baud;
    int status;

    if (options->serial != NULL ? options->socket != NULL || options->admin != NULL
                                : text != NULL) {
        tk_host_message("%s", text == NULL ? "--serial and --socket exclude each other"
                                           : "--baud needs --serial");
        return TK_EXIT_USAGE;
    }
    if (text != NULL && !tk_parse_u64(text, strlen(text), UINT32_MAX, &baud)) {
        tk_host_message("--baud takes a number, not '%s'", text);
        return TK_EXIT_USAGE;
    }
    if (options->serial == NULL) {
        enum tk_gateway_result result = tk_gateway_open_service(g, options, &status);

        return result == TK_GATEWAY_OK || result == TK_GATEWAY_ABSENT ? status : report(g, result);
    }
    if (strcmp(options->serial, "auto") == 0)
        return find(g, (unsigned)baud);
    return report(g,
                  tk_gateway_open_serial(g, options->serial, (unsigned)baud, TK_GATEWAY_OPEN_MS));
}

int tk_gateway_select(struct tk_gateway *g, const char *ref, char *before)
{
    char command[TK_LINE_MAX];
    enum tk_gateway_result result = TK_GATEWAY_OK;

    if (ref == NULL)
        return TK_EXIT_OK;
    if (before != NULL) {
        result = tk_gateway_ask(g, "ref", TK_GATEWAY_ASK_MS, NULL, NULL);
        (void)tk_gateway_pair(g, "ref", before, TK_NAME_MAX + 1);
        if (strcmp(before, ref) == 0)
            before[0] = '\0';
    }
    snprintf(command, sizeof command, "ref %s", ref);
    if (result == TK_GATEWAY_OK)
        result = tk_gateway_ask(g, command, TK_GATEWAY_ASK_MS, NULL, NULL);
    return report(g, result);
}

/* --- exit status --- */

static enum tk_err err_of(const char *code)
{
    int err = TK_E_COUNT - 1;

    while (err > 0 && strcmp(code, tk_err_code((enum tk_err)err)) != 0)
        err--;
    return (enum tk_err)err;
}

/* Of an ERR that the gateway answered. */
static int status_of(enum tk_err err)
{
    switch (err) {
    case TK_E_UNKNOWN_COMMAND:
    case TK_E_LINE_TOO_LONG:
    case TK_E_BAD_BYTE:
    case TK_E_USAGE:
    case TK_E_NEED_VALUE:
    case TK_E_BAD_VALUE:
    case TK_E_UNKNOWN_KEY:
        return TK_EXIT_USAGE;
    case TK_E_NO_SUCH_REF:
        return TK_EXIT_NO_REF;
    case TK_E_NO_MEMORY:
        return TK_EXIT_INTERNAL;
    case TK_E_CLOCK_UNKNOWN:
    case TK_E_NOT_SEEDED:
        return TK_EXIT_OPERATOR;
    case TK_E_RX_OVERRUN:
    case TK_E_BUSY:
    case TK_E_CANCELLED:
    case TK_E_TOO_SOON:
    case TK_E_TRY_LATER:
    case TK_E_REST_LIMIT:
    case TK_E_TRUNCATED:
        return TK_EXIT_RETRY;
    default:
        return tk_err_action(err) == TK_ACTION_RETRY || tk_err_action(err) == TK_ACTION_WAIT
                   ? TK_EXIT_RETRY
                   : TK_EXIT_OPERATOR;
    }
}

int tk_gateway_status(const struct tk_gateway *g, enum tk_gateway_result result)
{
    switch (result) {
    case TK_GATEWAY_OK:
        return TK_EXIT_OK;
    case TK_GATEWAY_ERR:
        return status_of(err_of(g->code));
    case TK_GATEWAY_ABSENT:
    case TK_GATEWAY_LOST:
        return TK_EXIT_NO_SERVICE;
    default:
        return TK_EXIT_RETRY;
    }
}
