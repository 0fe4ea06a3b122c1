/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_HOST_CALL_H
#define TK_HOST_CALL_H

/* What client and service know of a REST call, see PROTOCOL.md. */

enum {
    TK_CALL_BODY_MAX = 1024 * 1024, /* bytes of a body */
    TK_CALL_TIMEOUT_S = 75,         /* default: a method takes up to 60 s, and its call may wait */
    TK_CALL_TIMEOUT_MAX = 3600,
    TK_CALL_STALLED_MS = 60000 /* without a byte to or from a client whose turn it is */
};

#endif
