/* SPDX-License-Identifier: Apache-2.0 */
#include "access.h"
#include "announce.h"
#include "consoles.h"
#include "control.h"
#include "enlarge.h"
#include "events.h"
#include "flash_file.h"
#include "host.h"
#include "identity.h"
#include "key.h"
#include "protect.h"
#include "roots.h"
#include "supervisor.h"
#include "terminal.h"
#include "tk_mbedtls.h"
#include "tk_posix.h"
#include "tk_words.h"
#include "tk_x509.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifndef TK_BUILD_UNIX
#error "define the build time: -DTK_BUILD_UNIX=<seconds since 1970>"
#endif

#define LAST_PASSES 2 /* consoles and consumers get the answers that they wait for */

/* The service of this process. Static because it is large, and used by the signal handler. */
static struct {
    struct tk_port port;
    struct tk_posix_flash flash;
    struct tk_trust trust;
    struct tk_seal seal;
    struct tk_keeper keeper;
    struct tk_access access;
    struct tk_control control;
    struct tk_config config;
    struct tk_terminal terminal;
    struct tk_supervisor supervisor;
    bool refused;  /* the flash file is not of this version */
    bool echo;     /* EVT and LOG lines go to stderr, too */
    bool stopping; /* a signal arrived ... */
    bool at_once;  /* ... and SIGINT or SIGQUIT after it: nothing is awaited */
    int wake[2];
} service;

static void on_signal(int number)
{
    int saved = errno;
    uint8_t byte = (uint8_t)number;

    (void)!write(service.wake[1], &byte, 1); /* a full pipe wakes the loop as well */
    errno = saved;
}

static bool catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};

    if (pipe2(service.wake, O_CLOEXEC | O_NONBLOCK) != 0)
        return false;
    sigemptyset(&action.sa_mask);
    return sigaction(SIGTERM, &action, NULL) == 0 && sigaction(SIGINT, &action, NULL) == 0 &&
           sigaction(SIGQUIT, &action, NULL) == 0 && sigaction(SIGHUP, &action, NULL) == 0 &&
           tk_posix_watch(&service.port, service.wake[0], POLLIN) == 0;
}

static void print_line(void *ctx, const char *line)
{
    (void)ctx;
    if (service.echo)
        fprintf(stderr, "%s\n", line);
    if (strncmp(line, "EVT ", 4) == 0)
        tk_events_send(&service.control, line + 4);
}

static void report_security(void *ctx, const char *event, const char *ref, const char *key,
                            unsigned console)
{
    /* standard error may be the terminal at which it was typed */
    bool to_journal = console > 0 || service.echo;

    (void)ctx;
    tk_consoles_report(&service.control, to_journal, console, event, ref, key);
}

static bool is_trusted(void *ctx, unsigned console)
{
    (void)ctx;
    return tk_consoles_is_trusted(&service.control, console);
}

static int open_flash(const struct tk_options *options)
{
    char path[TK_HOST_PATH];

    if (!tk_host_flash_path(options, path) || !tk_host_make_parents(path, 0700))
        return TK_EXIT_USAGE;
    return tk_host_open_flash(&service.flash, path);
}

static bool enlarge_flash(const struct tk_options *options)
{
    char path[TK_HOST_PATH];

    return tk_host_flash_path(options, path) &&
           tk_host_enlarge(&service.flash, path, service.port.has_key ? service.port.key : NULL);
}

static bool open_sockets(const struct tk_options *options)
{
    char path[TK_HOST_PATH], admin[TK_HOST_PATH];

    return tk_access_load(&service.access, options->access) && tk_host_socket_path(options, path) &&
           tk_host_make_parents(path, 0755) && tk_host_admin_path(options, admin) &&
           tk_host_make_parents(admin, 0755) &&
           tk_control_open(&service.control, path, options->socket_group, admin);
}

/* Supervisors may repeat SIGTERM and SIGHUP: only SIGINT and SIGQUIT end the wait for an answer. */
static void take_signals(void)
{
    uint8_t number;

    if (tk_posix_ready(&service.port, service.wake[0]) == 0)
        return;
    while (read(service.wake[0], &number, 1) == 1) {
        service.at_once |= service.stopping && (number == SIGINT || number == SIGQUIT);
        service.stopping = true;
    }
    tk_supervisor_report(&service.supervisor, "STOPPING=1");
}

/* After a signal: whether the service may end. */
static bool is_stopped(void)
{
    take_signals();
    return service.stopping && (service.at_once || tk_keeper_shutdown(&service.keeper));
}

static uint64_t sooner(uint64_t a_ms, uint64_t b_ms)
{
    return a_ms < b_ms ? a_ms : b_ms;
}

/* One pass. Returns the tick of the next one. */
static uint64_t run_pass(void)
{
    uint64_t now_ms = tk_keeper_now(&service.keeper);
    uint64_t next_ms = sooner(tk_control_run(&service.control, now_ms),
                              tk_supervisor_feed(&service.supervisor, now_ms));

    next_ms = sooner(next_ms, tk_keeper_run(&service.keeper));
    next_ms = sooner(
        next_ms, tk_terminal_run(&service.terminal, &service.keeper, now_ms, &service.stopping));
    return tk_control_is_due(&service.control, now_ms) ? now_ms : next_ms;
}

/* Reports why the flash file could not be opened. False: it is not this version's, and the service
 * would be of no use. */
static bool can_use_flash(void)
{
    char words[TK_WORDS_MAX + 1];
    enum tk_err err = service.keeper.rt.storage.err;
    bool is_other =
        err == TK_E_STORAGE_FOREIGN || err == TK_E_STORAGE_SHAPE || err == TK_E_STORAGE_FORMAT;
    struct tk_text t;

    tk_text_init(&t, words, sizeof words);
    tk_words_add(&t, err);
    if (is_other)
        tk_host_message("%s: not a flash file of this version; nothing was written; use --flash "
                        "with another file, or move this one away",
                        tk_err_code(err));
    else if (err != TK_OK)
        tk_host_message("%s: %s", tk_err_code(err), words);
    return !is_other;
}

/* Runs until a reboot is requested (true) or a signal ends it (false). */
static bool run_once(const struct tk_options *options)
{
    service.port.reboot = false;
    tk_keeper_init(&service.keeper, &service.config);
    service.refused = !can_use_flash();
    if (service.refused) {
        tk_keeper_free(&service.keeper);
        return false;
    }
    tk_supervisor_report(&service.supervisor, "READY=1");
    tk_host_announce(&service.keeper, &service.control, options, service.port.has_key);
    while (!service.port.reboot && !is_stopped())
        tk_wait(&service.port, run_pass());
    for (int i = 0; service.stopping && !service.at_once && i < LAST_PASSES; i++)
        (void)run_pass();
    tk_keeper_free(&service.keeper);
    return !service.stopping;
}

static bool load_key(const char *path)
{
    struct tk_port *port = &service.port;

    port->has_key = path != NULL;
    return path != NULL ? tk_host_load_key(path, port->key)
                        : tk_host_load_credential(port->key, &port->has_key);
}

static int serve(const struct tk_options *options)
{
    service.config = (struct tk_config){.port = &service.port,
                                        .flash = &service.flash.flash,
                                        .seal = &service.seal,
                                        .build_unix = TK_BUILD_UNIX,
                                        .board = "host",
                                        .find_root = tk_trust_find,
                                        .trust = &service.trust,
                                        .new_root = tk_trust_new,
                                        .parse_root = tk_x509_parse,
                                        .on_line = print_line,
                                        .on_security = report_security,
                                        .is_trusted = is_trusted};
    if (!load_key(options->key) || !enlarge_flash(options))
        return TK_EXIT_USAGE;
    if (!tk_host_load_roots(&service.trust, options->ca))
        return TK_EXIT_USAGE;
    service.config.trust_id = tk_trust_id(&service.trust);
    if (!catch_signals())
        return TK_EXIT_INTERNAL;
    if (!open_sockets(options) ||
        !tk_terminal_open(&service.terminal, &service.port, options->console))
        return TK_EXIT_USAGE;
    service.echo = !tk_terminal_is_stdio(options->console);
    while (run_once(options))
        continue;
    return service.refused ? TK_EXIT_USAGE : TK_EXIT_OK;
}

int tk_host_run(const struct tk_options *options)
{
    int status;

    tk_host_protect(&service, sizeof service);
    tk_posix_init(&service.port);
    tk_supervisor_open(&service.supervisor);
    tk_mbedtls_init(&service.port, TK_HOST_HEAP);
    if (!tk_host_set_device_id(&service.port, options->device_id))
        return TK_EXIT_USAGE;
    status = open_flash(options);
    if (status != TK_EXIT_OK)
        return status;
    tk_control_init(&service.control, &service.port, &service.keeper, &service.access);
    status = serve(options);
    tk_control_close(&service.control);
    tk_terminal_close(&service.terminal);
    tk_posix_flash_close(&service.flash);
    tk_supervisor_close(&service.supervisor);
    tk_posix_free(&service.port);
    return status;
}
