/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CONFIG_H
#define TK_CONFIG_H

/* What a board or a program hands to tk_keeper_init. */

#include "tk_err.h"
#include "tk_flash.h"
#include "tk_seal.h"

#include <mbedtls/ssl.h>
#include <stdint.h>

/* Must outlive the keeper, with all it points to. */
struct tk_config {
    struct tk_port *port;
    const struct tk_flash *flash;   /* for the store */
    struct tk_seal *seal;           /* memory for sealing with the device key; NULL: not sealed */
    const struct tk_flash *scratch; /* flash that `selftest` may erase; NULL: none */
    int64_t build_unix;             /* build date: no time before it is accepted */
    const char *board;              /* name of the board, one word */

    /* The roots of trust of the build, see tk_trust.h. find_root(trust, ...) is called
     * within a handshake as by mbedtls_ssl_conf_ca_cb. new_root allocates an empty certificate on
     * mbedTLS's heap, which mbedTLS frees; NULL: out of memory. trust_id differs for other roots.
     */
    mbedtls_x509_crt_ca_cb_t find_root;
    void *trust;
    mbedtls_x509_crt *(*new_root)(void);
    uint64_t trust_id;

    /* Called from tk_keeper_init and tk_keeper_run; NULL: not wanted. They must not call the
     * keeper. */

    /* Each EVT and LOG line as the consoles print it, without a line end. It holds no secret. */
    void (*on_line)(void *ctx, const char *line);

    /* The alert level of an account changed. level: 1 to 4; 0: cleared. */
    void (*on_escalation)(void *ctx, const char *ref, int level, enum tk_err cause);
    void *ctx;
};

#endif
