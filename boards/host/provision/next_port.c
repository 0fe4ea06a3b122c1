/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet.h"

#include "service.h"
#include "tk_string.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>

/* Gateways without a column for their port: each port that comes is asked who is there. */

enum { PAUSE_MS = 500 };

struct ports {
    size_t count;
    char paths[TK_SERIAL_PORTS][TK_SERIAL_NAME];
};

/* Those that were asked, and are another row's or no gateway's; until they are unplugged. */
static struct ports asked;

static bool has(const struct ports *ports, const char *path)
{
    for (size_t i = 0; i < ports->count; i++) {
        if (strcmp(ports->paths[i], path) == 0)
            return true;
    }
    return false;
}

static void add(struct ports *ports, const char *path)
{
    if (ports->count < TK_SERIAL_PORTS && tk_copy(ports->paths[ports->count], TK_SERIAL_NAME, path))
        ports->count++;
}

bool tk_is_pattern(const char *serial)
{
    return serial == NULL || strcmp(serial, "auto") == 0 || strpbrk(serial, "*?[") != NULL;
}

static void list(const char *pattern, struct ports *ports)
{
    glob_t found;

    ports->count = 0;
    if (pattern == NULL || strcmp(pattern, "auto") == 0) {
        ports->count = tk_serial_list("/sys/class/tty", "/dev", ports->paths);
        return;
    }
    if (glob(pattern, 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++)
            add(ports, found.gl_pathv[i]);
    }
    globfree(&found);
}

static void forget_unplugged(const struct ports *present)
{
    struct ports kept = {.count = 0};

    for (size_t i = 0; i < asked.count; i++) {
        if (has(present, asked.paths[i]))
            add(&kept, asked.paths[i]);
    }
    asked = kept;
}

/* Whether the gateway that answers is the one of this row. */
static bool is_wanted(const struct tk_flow *f)
{
    const char *wanted = tk_plan_value(f->plan, "gateway");

    return wanted != NULL ? strcmp(wanted, f->gateway.id) == 0
                          : !tk_fleet_knows(f->p->fleet, f->gateway.id);
}

static bool try_ports(struct tk_flow *f, const char *pattern)
{
    struct ports present;

    list(pattern, &present);
    forget_unplugged(&present);
    for (size_t i = 0; i < present.count && !tk_provision_interrupted; i++) {
        if (has(&asked, present.paths[i]))
            continue;
        if (tk_gateway_open_serial(&f->gateway, present.paths[i], f->p->baud, TK_GATEWAY_OPEN_MS) ==
                TK_GATEWAY_OK &&
            is_wanted(f)) {
            if (tk_plan_value(f->plan, "gateway") == NULL)
                add(&asked, present.paths[i]);
            return true;
        }
        tk_gateway_close(&f->gateway);
        if (strcmp(f->gateway.code, "port_busy") != 0)
            add(&asked, present.paths[i]);
    }
    return false;
}

bool tk_flow_next_port(struct tk_flow *f, const char *pattern)
{
    uint64_t until_ms = tk_service_now() + (uint64_t)f->p->login_s * 1000;
    const char *wanted = tk_plan_value(f->plan, "gateway"), *note = tk_plan_value(f->plan, "note");
    char text[300];

    if (wanted != NULL)
        asked.count = 0; /* it may be one of those that another row did not want */
    if (try_ports(f, pattern))
        return true;
    snprintf(text, sizeof text, "connect %.60s%s%.160s; waiting for it (Ctrl-C ends)",
             wanted != NULL ? wanted : "the next gateway", note != NULL ? ", " : "",
             note != NULL ? note : "");
    tk_steps_say(&f->p->steps, text);
    bool found = false;

    tk_provision_waits = 1;
    while (!found && tk_service_now() < until_ms && !tk_provision_interrupted) {
        (void)poll(NULL, 0, PAUSE_MS);
        found = try_ports(f, pattern);
    }
    tk_provision_waits = 0;
    if (found)
        return true;
    if (tk_provision_interrupted)
        return tk_flow_fail(f, TK_EXIT_INTERRUPTED, "interrupted", "repeat the command to go on");
    return tk_flow_fail(f, TK_EXIT_NO_SERVICE, "no_gateway",
                        "no such gateway was connected in time; repeat the command to go on");
}
