/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CONFIG_H
#define TK_CONFIG_H

/* What a board hands to its keeper. */

#include "tk_err.h"
#include "tk_flash.h"
#include "tk_seal.h"

#include <mbedtls/ssl.h>
#include <stdint.h>

/* Everything pointed to lives as long as the keeper. */
struct tk_config {
    struct tk_port *port;
    const struct tk_flash *flash;   /* of the store */
    struct tk_seal *seal;           /* memory to seal it with a device key; NULL: not sealed */
    const struct tk_flash *scratch; /* that selftest may erase; NULL: none */
    int64_t build_unix;             /* when this program was built: the floor of its clock */
    const char *board;              /* one word: "host", "lm3s6965evb" */

    mbedtls_x509_crt_ca_cb_t find_root;  /* the build's roots, as mbedtls_ssl_conf_ca_cb calls it */
    void *trust;                         /* its context */
    mbedtls_x509_crt *(*new_root)(void); /* an empty certificate on mbedTLS's heap, which mbedTLS
                                            frees; NULL: out of memory */
    uint64_t trust_id;                   /* changes with the build's roots; see tk_trust_id */

    /* Each EVT and LOG line, without its line end, as the consoles print it. Never holds a
     * secret. NULL: not wanted. */
    void (*on_line)(void *ctx, const char *line);
    /* An account's escalation level changed; 0: cleared. NULL: not wanted. */
    void (*on_escalation)(void *ctx, const char *ref, int level, enum tk_err cause);
    void *ctx;
};

#endif
