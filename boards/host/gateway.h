/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_HOST_GATEWAY_H
#define TK_HOST_GATEWAY_H

/*
 * A gateway's console in its exact form (`@<seq> command`), at a serial port or at the socket of
 * the service. Commands run one after the other; every call ends by its timeout. POSIX.
 *
 *      struct tk_gateway g = {.on_async = print, .owner = NULL};
 *
 *      if (tk_gateway_open_serial(&g, "/dev/ttyUSB0", TK_SERIAL_BAUD, TK_GATEWAY_OPEN_MS) ==
 *              TK_GATEWAY_OK &&
 *          tk_gateway_ask(&g, "set portal acme", TK_GATEWAY_ASK_MS, NULL, NULL) == TK_GATEWAY_OK)
 *          ... tk_gateway_pair(&g, "portal") ...
 *      else
 *          ... g.code, g.words ...
 *      tk_gateway_close(&g);
 */

#include "host.h"
#include "serial_port.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TK_GATEWAY_OPEN_MS = 3000,     /* a board that the port's opening resets has started by then */
    TK_GATEWAY_SERVICE_MS = 10000, /* for the service, which may be busy */
    TK_GATEWAY_PROBE_MS = 300,     /* for a port at which there may be something else */
    TK_GATEWAY_ASK_MS = 5000,      /* for a command that waits for nothing */
    TK_GATEWAY_SLOW_MS = 90000,    /* for check, auth, call, token, which wait for servers */
    TK_GATEWAY_LINE = 8192,        /* bytes of a line; a longer one is dropped */
    TK_GATEWAY_FIELD = 64          /* bytes of id, version, board and code */
};

enum tk_gateway_result {
    TK_GATEWAY_OK,
    TK_GATEWAY_ERR,     /* the gateway answered ERR, or the command cannot be sent: it has a control
                           character or is too long */
    TK_GATEWAY_TIMEOUT, /* the answer is not complete; it may still come, and is skipped then */
    TK_GATEWAY_LOST,    /* the port was unplugged, or the service ended: close it */
    TK_GATEWAY_ABSENT   /* it could not be opened */
};

struct tk_gateway {
    /* set by the caller before opening */
    void (*on_async)(void *owner, const char *line); /* EVT and LOG lines; NULL: dropped */
    void *owner;

    /* after opening */
    char name[TK_HOST_PATH]; /* of the port or socket */
    char id[TK_GATEWAY_FIELD], version[TK_GATEWAY_FIELD], board[TK_GATEWAY_FIELD];

    /* after a result other than TK_GATEWAY_OK: a code of the console, or no_answer, line_lost,
     * no_port, no_permission, port_busy or no_service; and what to do. */
    char code[TK_GATEWAY_FIELD];
    char words[TK_HOST_PATH + 512];

    /* private */
    int fd; /* 0 or less: closed */
    uint32_t seq;
    bool after_cr, is_cut;
    uint8_t escape;
    size_t at, end, len;
    char in[1024];
    char line[TK_GATEWAY_LINE];
    char last[TK_GATEWAY_LINE]; /* the answer's last line, without its prefix */
};

/* A data line of an answer, `key=value`, which may be modified. */
typedef void tk_gateway_take(void *owner, char *line);

/* Opens a serial port or pseudoterminal and waits until a gateway answers `version` there; what was
 * half typed is dropped. Leaves it closed after another result than TK_GATEWAY_OK. */
enum tk_gateway_result tk_gateway_open_serial(struct tk_gateway *g, const char *path, unsigned baud,
                                              int timeout_ms);

/* The same at a descriptor that is open, non-blocking or a socket, which it closes; -1: leaves it
 * closed, TK_GATEWAY_ABSENT. name: for messages. */
enum tk_gateway_result tk_gateway_attach(struct tk_gateway *g, const char *name, int fd,
                                         int timeout_ms);

/* The same at the administrators' socket of the service that options name. Waits for a console as
 * tk_client_console does, which has printed a message after TK_GATEWAY_ABSENT; *status is the exit
 * status then. */
enum tk_gateway_result tk_gateway_open_service(struct tk_gateway *g,
                                               const struct tk_options *options, int *status);

/* A port at which a gateway answered. */
struct tk_gateway_port {
    char path[TK_SERIAL_NAME];
    char id[TK_GATEWAY_FIELD];
};

struct tk_gateway_search {
    const char *sys, *dev; /* "/sys/class/tty" and "/dev" */
    unsigned baud;
    size_t tried; /* ports ... */
    size_t count; /* ... and how many gateways answered */
    struct tk_gateway_port found[TK_SERIAL_PORTS];
    char words[TK_HOST_PATH + 512]; /* about the last port that could not be used; "": all could */
};

/* Asks at each serial port of this machine, for TK_GATEWAY_PROBE_MS each. If one gateway answers it
 * stays open: TK_GATEWAY_OK. Otherwise g->words says what to do, and *search has what was found. */
enum tk_gateway_result tk_gateway_find(struct tk_gateway *g, struct tk_gateway_search *search);

/* Sends a command and reads its answer; lines of other answers are skipped. take gets the data
 * lines; NULL: dropped. The copy of the command is wiped when it is sent. */
enum tk_gateway_result tk_gateway_ask(struct tk_gateway *g, const char *command, int timeout_ms,
                                      tk_gateway_take *take, void *owner);

/* Copies the value of a pair in the last OK line to out, cut to size - 1; false if there is none.
 */
bool tk_gateway_pair(const struct tk_gateway *g, const char *key, char *out, size_t size);

/* What follows OK or ERR in the last line of the answer; "": nothing. */
const char *tk_gateway_last(const struct tk_gateway *g);

/* Between commands: hands over the EVT and LOG lines that have come; waits up to timeout_ms for
 * bytes. TK_GATEWAY_OK or TK_GATEWAY_LOST. Its descriptor, to wait for other things too. */
enum tk_gateway_result tk_gateway_listen(struct tk_gateway *g, int timeout_ms);
int tk_gateway_fd(const struct tk_gateway *g);

/* Opens what the options name: --serial PORT, --serial auto, or else the service's socket. Returns
 * an exit status; a message was printed unless it is TK_EXIT_OK. */
int tk_gateway_open(struct tk_gateway *g, const struct tk_options *options);

/* Selects the account ref; NULL: leaves it. before[0..TK_NAME_MAX] becomes the name of the one that
 * was selected, "" if it is the same; NULL: it is not asked for. Returns an exit status, after a
 * message unless it is TK_EXIT_OK. */
int tk_gateway_select(struct tk_gateway *g, const char *ref, char *before);

/* Decodes \xHH in place; a value that would not be UTF-8 then stays as it is. */
void tk_gateway_unescape(char *value);

/* Splits a data line at its first `=`, in place, and decodes the value. Returns the value,
 * or NULL for a line without one. */
char *tk_gateway_split(char *line);

/* Closes it and wipes the last answer; also one that is closed. */
void tk_gateway_close(struct tk_gateway *g);

/* Sets code and words, and returns result. */
enum tk_gateway_result tk_gateway_fail(struct tk_gateway *g, enum tk_gateway_result result,
                                       const char *code, const char *words);

/* The exit status for a result: of `get` where the code is the console's. */
int tk_gateway_status(const struct tk_gateway *g, enum tk_gateway_result result);

#endif
