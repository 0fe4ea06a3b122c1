/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CONFIG_H
#define TK_CONFIG_H

/*
 * What a program hands to tk_keeper_init. The struct and all that it points to must outlive the
 * keeper. Members may be NULL or 0 only where noted.
 *
 * The callbacks run in the main loop, inside a function of the keeper: they must return soon, copy
 * the strings they want to keep, and not call the keeper.
 */

#include "tk_err.h"
#include "tk_flash.h"
#include "tk_seal.h"

#include <mbedtls/ssl.h>
#include <stdint.h>

struct tk_config {
    struct tk_port *port;         /* passed to every function of platform/; a port may ignore it */
    const struct tk_flash *flash; /* for the store; not shared with anything else */
    struct tk_seal *seal;         /* memory for sealing the store with tk_device_key; NULL: the
                                     store is in clear */
    const struct tk_flash *scratch; /* flash that the command selftest may erase; NULL: none */
    int64_t build_unix;             /* build date, Unix time: the clock never goes below it */
    const char *board;              /* one word for `version`: "lm3s6965evb" */

    /* The build's trusted roots; tk_trust_find, a struct tk_trust, tk_trust_new, tk_x509_parse and
     * tk_trust_id of port/mbedtls serve a list in flash. */
    mbedtls_x509_crt_ca_cb_t find_root;  /* as for mbedtls_ssl_conf_ca_cb */
    void *trust;                         /* its context; NULL if it needs none */
    mbedtls_x509_crt *(*new_root)(void); /* allocates an empty certificate on mbedTLS's heap, which
                                            mbedTLS frees; returns NULL if out of memory */
    int (*parse_root)(mbedtls_x509_crt *list, const unsigned char *der, size_t len,
                      int copy); /* adds a certificate to a list; copy: 0 if der outlives it.
                                    Returns 0, or mbedTLS's error */
    uint64_t trust_id;           /* differs for each set of roots: a TLS session is resumed
                                    only under the set that verified it */

    /* Gets each EVT and LOG line as the consoles print it, without the line end and never with a
     * secret. NULL: not needed. */
    void (*on_line)(void *ctx, const char *line);

    /* True if the console of that number (tk_console_io.h) needs no console_pin: the system knows
     * who is there. NULL: all need it. */
    bool (*is_trusted)(void *ctx, unsigned console);

    /* Gets each security event: a command on the console of that number changed
     * something or was refused. event: one word; ref: the account, key: the setting, or NULL. NULL:
     * not needed. */
    void (*on_security)(void *ctx, const char *event, const char *ref, const char *key,
                        unsigned console);

    /* The alert level of the account ref changed (core/escalate): 1 to 4, or 0 when cleared. NULL:
     * not needed. */
    void (*on_escalation)(void *ctx, const char *ref, int level, enum tk_err cause);

    void *ctx; /* of the callbacks; may be NULL */
};

#endif
