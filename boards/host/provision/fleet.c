/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet.h"

#include "tk_calendar.h"
#include "tk_wipe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/*
 * Several gateways: those whose serial port is known are set up and checked several at a time, in
 * processes of their own; then all log in one after the other, since one browser and one handler
 * carry that.
 */

struct child {
    pid_t pid; /* 0: free */
    FILE *lines;
};

/* --- a gateway --- */

static void keep_result(struct tk_fleet_result *r, const struct tk_flow *f, bool setup_only)
{
    struct tk_text at;
    bool good = f->exit == TK_EXIT_OK;

    r->exit = f->exit;
    r->is_prepared = good;
    r->is_ready = good && !setup_only;
    snprintf(r->code, sizeof r->code, "%s", f->code);
    snprintf(r->gateway, sizeof r->gateway, "%s", f->gateway.id);
    snprintf(r->generation, sizeof r->generation, "%s", f->generation);
    snprintf(r->user_id, sizeof r->user_id, "%s", f->user_id);
    tk_text_init(&at, r->at, sizeof r->at);
    tk_text_time(&at, (int64_t)time(NULL));
}

static void run_row(struct tk_fleet *fleet, size_t i, bool setup_only)
{
    struct tk_flow *flow = calloc(1, sizeof *flow);

    if (flow == NULL) {
        fleet->results[i].exit = TK_EXIT_INTERNAL;
        return;
    }
    flow->p = fleet->p;
    flow->plan = &fleet->plans[i];
    flow->is_prepared = fleet->results[i].is_prepared;
    (void)tk_flow_run(flow, setup_only);
    keep_result(&fleet->results[i], flow, setup_only);
    tk_wipe(flow, sizeof *flow);
    free(flow);
}

/* --- several at a time --- */

/* What a child prints is collected, so that the lines of two gateways are not mixed. */
static void start(struct tk_fleet *fleet, struct child *child, size_t i)
{
    child->lines = tmpfile();
    child->pid = child->lines == NULL ? -1 : fork();
    if (child->pid == 0) {
        (void)dup2(fileno(child->lines), fleet->p->json ? STDOUT_FILENO : STDERR_FILENO);
        (void)dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
        fleet->p->secrets.is_closed = true;
        run_row(fleet, i, true);
        (void)fflush(stdout);
        _exit(0);
    }
    if (child->pid > 0)
        return;
    if (child->lines != NULL)
        fclose(child->lines);
    child->pid = 0; /* it will be set up when its turn to log in comes */
}

static void finish(const struct tk_fleet *fleet, struct child *child)
{
    char line[1024];
    FILE *out = fleet->p->json ? stdout : stderr;

    rewind(child->lines);
    while (fgets(line, sizeof line, child->lines) != NULL)
        fputs(line, out);
    fclose(child->lines);
    child->pid = 0;
}

/* Waits for one of them; false if there is none. */
static bool finish_one(const struct tk_fleet *fleet, struct child *children)
{
    pid_t pid = waitpid(-1, NULL, 0);

    if (pid < 0)
        return errno == EINTR;
    for (unsigned k = 0; k < fleet->p->jobs; k++) {
        if (children[k].pid == pid)
            finish(fleet, &children[k]);
    }
    return true;
}

static struct child *free_child(const struct tk_fleet *fleet, struct child *children)
{
    for (;;) {
        for (unsigned k = 0; k < fleet->p->jobs; k++) {
            if (children[k].pid == 0)
                return &children[k];
        }
        if (!finish_one(fleet, children))
            return NULL;
    }
}

static void set_up_all(struct tk_fleet *fleet)
{
    struct child *children = calloc(fleet->p->jobs, sizeof *children);

    for (size_t i = 0; children != NULL && i < fleet->count && !tk_provision_interrupted; i++) {
        struct child *child;

        if (fleet->results[i].is_ready || tk_is_pattern(tk_plan_value(&fleet->plans[i], "serial")))
            continue;
        child = free_child(fleet, children);
        if (child != NULL)
            start(fleet, child, i);
    }
    while (children != NULL && finish_one(fleet, children))
        continue;
    free(children);
}

/* --- one after the other --- */

static void log_in_all(struct tk_fleet *fleet)
{
    for (size_t i = 0; i < fleet->count && !tk_provision_interrupted; i++) {
        struct tk_fleet_result *r = &fleet->results[i];

        if (r->is_ready || (r->exit != TK_EXIT_OK && !r->is_prepared))
            continue;
        if (!fleet->p->json)
            fprintf(stderr, "--- %zu of %zu\n", i + 1, fleet->count);
        run_row(fleet, i, false);
        if (!tk_fleet_save(fleet))
            return;
    }
}

/* Once for each application, before anything is done. */
static void ask_secrets(struct tk_fleet *fleet)
{
    for (size_t i = 0; i < fleet->count; i++) {
        const char *client = tk_plan_value(&fleet->plans[i], "client_id");

        if (client != NULL && !fleet->results[i].is_ready)
            (void)tk_secret_of(&fleet->p->secrets, client);
    }
}

/* The exit status of the first gateway that is not ready. */
static int report(const struct tk_fleet *fleet)
{
    bool dry_run = fleet->p->dry_run;
    size_t good = 0;
    int status = TK_EXIT_OK;

    for (size_t i = 0; i < fleet->count; i++) {
        const struct tk_fleet_result *r = &fleet->results[i];
        bool is_good = r->is_ready || (dry_run && r->is_prepared);
        int exit = is_good ? TK_EXIT_OK : r->exit != 0 ? r->exit : TK_EXIT_INTERRUPTED;

        good += is_good;
        if (status == TK_EXIT_OK)
            status = exit;
        if (!fleet->p->json)
            printf("%3zu  %-20s %-6s %s\n", i + 1, r->gateway[0] != '\0' ? r->gateway : "-",
                   r->is_ready ? "ready"
                   : is_good   ? "set up"
                               : "FAILED",
                   is_good              ? r->at
                   : r->code[0] != '\0' ? r->code
                                        : "not begun");
    }
    if (!fleet->p->json)
        printf("%zu of %zu gateways are %s; results in %s\n", good, fleet->count,
               dry_run ? "set up" : "ready", fleet->path);
    return status;
}

/* Before anything is done. */
static bool can_listen(struct tk_provision *p)
{
    char why[400];

    if (p->dry_run || tk_provision_listen(p, why, sizeof why))
        return true;
    tk_host_message("port_taken: %s", why);
    return false;
}

static int run_all(struct tk_fleet *fleet)
{
    ask_secrets(fleet);
    set_up_all(fleet);
    if (tk_fleet_save(fleet) && !fleet->p->dry_run)
        log_in_all(fleet);
    return report(fleet);
}

int tk_fleet_run(struct tk_provision *p)
{
    struct tk_fleet fleet = {.p = p};
    int status = tk_fleet_load(&fleet);

    p->fleet = &fleet;
    if (status == TK_EXIT_OK)
        status = can_listen(p) ? run_all(&fleet) : TK_EXIT_USAGE;
    tk_fleet_free(&fleet);
    return status;
}
