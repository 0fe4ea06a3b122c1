/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_HOST_H
#define TK_HOST_H

/* The host program: the gateway as a service on a POSIX system, and the clients of the service. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exit statuses, documented in --help. */
enum {
    TK_EXIT_OK = 0,
    TK_EXIT_USAGE = 2,
    TK_EXIT_NO_SERVICE = 3,
    TK_EXIT_NO_REF = 4,
    TK_EXIT_OPERATOR = 5,
    TK_EXIT_RETRY = 6,
    TK_EXIT_REFUSED = 7, /* by the portal */
    TK_EXIT_UNKNOWN = 8, /* whether a call was carried out */
    TK_EXIT_INTERNAL = 70,
    TK_EXIT_BUSY = 75
};

enum {
    TK_HOST_PATH = 512,
    TK_HOST_HEAP = 512 * 1024, /* limit of mbedTLS's heap */
    TK_JSON_TOKENS = 64        /* of a request at the control socket, and of its reply */
};

/* Options of the command line; NULL or false if not given. */
struct tk_options {
    const char *flash;
    const char *console;
    const char *socket;
    const char *socket_group;
    const char *admin;
    const char *access;
    const char *ca;
    const char *key;
    const char *new_key;
    const char *device_id;
    const char *ref;
    const char *min_valid;
    const char *rejected;
    const char *timeout;
    const char *wait;
    const char *limit;
    const char *after;
    const char *id_key;
    const char *items_key;
    const char *batch;
    const char *serial;
    const char *baud;
    const char *file;
    bool json;
    bool ask_pin;
    bool all;
    bool raw;
    bool safe;
    bool halt;
    bool dry_run;
    bool keep_going;
    char *const *args; /* of call and do: the arguments that are not options */
    size_t count;
};

int tk_host_run(const struct tk_options *options);
int tk_host_get(const struct tk_options *options);
int tk_host_call(const struct tk_options *options);
int tk_host_events(const struct tk_options *options);
int tk_host_console(const struct tk_options *options);
int tk_host_rekey(const struct tk_options *options);
int tk_host_do(const struct tk_options *options);
int tk_host_status(const struct tk_options *options);
int tk_host_export(const struct tk_options *options);
int tk_host_provision(int argc, char **argv); /* reads its options itself */

/* The paths of flash file and sockets: from the option, the environment, or the user's default.
 * Without --admin the administrators' socket is beside --socket; $TOKENKEEPER_ADMIN counts where
 * that is not given either. Return false after a message if the path is too long or there is no
 * default. */
bool tk_host_flash_path(const struct tk_options *options, char out[TK_HOST_PATH]);
bool tk_host_socket_path(const struct tk_options *options, char out[TK_HOST_PATH]);
bool tk_host_admin_path(const struct tk_options *options, char out[TK_HOST_PATH]);

/* Creates the directory of path and its parents where they do not exist. Returns false after a
 * message. */
bool tk_host_make_parents(const char *path, unsigned mode);

/* Prints "tokenkeeper: ..." on stderr, formatted like printf. */
void tk_host_message(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
