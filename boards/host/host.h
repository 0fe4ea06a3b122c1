/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_HOST_H
#define TK_HOST_H

/* The host program: the firmware's main loop on a POSIX system, and its small clients. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exit statuses, as --help names them. */
enum {
    TK_EXIT_OK = 0,
    TK_EXIT_USAGE = 2,
    TK_EXIT_NO_SERVICE = 3,
    TK_EXIT_NO_REF = 4,
    TK_EXIT_OPERATOR = 5,
    TK_EXIT_RETRY = 6,
    TK_EXIT_INTERNAL = 70,
    TK_EXIT_BUSY = 75
};

enum { TK_HOST_PATH = 512 };

/* What the command line said; NULL and false where it said nothing. */
struct tk_options {
    const char *flash;
    const char *console;
    const char *socket;
    const char *socket_group;
    const char *ca;
    const char *key;
    const char *ref;
    const char *min_valid;
    const char *rejected;
    const char *timeout;
    bool json;
};

int tk_host_run(const struct tk_options *options);
int tk_host_get(const struct tk_options *options);
int tk_host_console(const struct tk_options *options);

/* Where flash and socket are: the option, else the environment, else by who runs this. False, and
 * a word on stderr, when that is too long or there is nowhere. */
bool tk_host_flash_path(const struct tk_options *options, char out[TK_HOST_PATH]);
bool tk_host_socket_path(const struct tk_options *options, char out[TK_HOST_PATH]);

/* Makes the directory that path lies in, with its parents; those that are there stay as they are.
 */
bool tk_host_make_parents(const char *path, unsigned mode);

/* "tokenkeeper: ..." on stderr, as printf. */
void tk_host_message(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
