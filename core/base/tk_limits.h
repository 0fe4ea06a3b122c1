/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_LIMITS_H
#define TK_LIMITS_H

/*
 * The numbers a build may choose (-DTK_ACCOUNTS=1 and so on). All memory of the core follows from
 * them at compile time; nothing is truncated to fit: a value over its limit is refused.
 */

#ifndef TK_ACCOUNTS
#define TK_ACCOUNTS 4 /* accounts; the smallest board has 1 */
#endif

#if TK_ACCOUNTS < 1 || TK_ACCOUNTS > 6
#error "1 to 6 accounts: a key of the store is one byte"
#endif

#ifndef TK_CONNECTIONS
#define TK_CONNECTIONS                                                                             \
    2 /* TLS connections at a time; the 64 KB board has 1. About 20 KB of heap each                \
       */
#endif

#ifndef TK_SESSIONS
#define TK_SESSIONS                                                                                \
    (TK_CONNECTIONS + 1) /* hosts whose TLS sessions are kept: at least TK_CONNECTIONS */
#endif

#if TK_SESSIONS < TK_CONNECTIONS
#error "each connection has a place for its session"
#endif

#ifndef TK_CONSOLES
#define TK_CONSOLES 4 /* console lines; a board has 1, its UART. About 4 KB of RAM each */
#endif

#ifndef TK_CONSOLE_OUT
#define TK_CONSOLE_OUT 2048 /* bytes of answers that a console line has not taken yet */
#endif

#define TK_ANSWER_MAX 1100 /* bytes of the longest line of an answer */

#if TK_CONSOLE_OUT <= TK_ANSWER_MAX
#error "the longest line of an answer goes out whole"
#endif

#ifndef TK_CONSOLE_ASYNC
#define TK_CONSOLE_ASYNC 1024 /* bytes of EVT and LOG lines that wait for the end of an answer */
#endif

#ifndef TK_WORK_SIZE
#define TK_WORK_SIZE 2048 /* bytes of one request, and of the body of its answer, a slot */
#endif

#ifndef TK_SESSION_SIZE
#define TK_SESSION_SIZE 3072 /* bytes of a TLS session; 512 where no peer certificate is kept */
#endif

#ifndef TK_HOST_MAX
#define TK_HOST_MAX 127 /* host name without port (DNS allows 253; portals use under 70) */
#endif

/* 1: hosts are asked for TLS 1.2 alone, and for 1.3 where they have no 1.2, because resuming 1.2
 * costs a small processor a fiftieth of resuming 1.3. */
#ifndef TK_TLS12_FIRST
#define TK_TLS12_FIRST 0
#endif

#ifndef TK_CAS
#define TK_CAS 4 /* roots of trust that may be added; the 64 KB board has 2 */
#endif

#if TK_CAS < 1 || TK_CAS > 8
#error "1 to 8 roots: they have keys 17 to 24 of the store"
#endif

#define TK_CA_MAX 2047 /* bytes of one, in DER */

#if TK_WORK_SIZE <= TK_CA_MAX
#error "a root is handled in a connection's buffer"
#endif

#ifndef TK_HISTORY
#define TK_HISTORY 24 /* events that are remembered, 10 bytes of RAM each */
#endif

#if TK_HISTORY < 4 || TK_HISTORY > 25
#error "4 to 25 events: they are one short value of the store"
#endif

#define TK_LINE_MAX      1023              /* characters of a console line, prefix included */
#define TK_NAME_MAX      16                /* reference name of an account */
#define TK_HOST_TEXT     (TK_HOST_MAX + 8) /* host[:port] in brackets and NUL */
#define TK_CLIENT_ID_MAX 128               /* the portal's own column is 128 wide */
#define TK_SECRET_MAX    128               /* the portal's own column is 100 wide */
#define TK_SCOPE_MAX     255
#define TK_TOKEN_MAX     256 /* access token, refresh token, code: 70 today, size undefined by RFC */
#define TK_URL_MAX       255
#define TK_PATH_MAX      63 /* path of the portal's REST endpoint */
#define TK_ID_MAX        40 /* member_id, user_id */
#define TK_SAID_MAX      63 /* a server's word for an error */
#define TK_JSON_TOKENS   64

#endif
