/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_LIMITS_H
#define TK_LIMITS_H

/*
 * Compile-time limits. Those in #ifndef are a build's to choose (-DTK_ACCOUNTS=1); all memory of
 * core follows from them. A value over its limit is rejected, never truncated.
 */

/* 1: a build that is short of flash leaves out all that can be left out. */
#ifndef TK_MINIMAL
#define TK_MINIMAL 0
#endif

#ifndef TK_ACCOUNTS
#define TK_ACCOUNTS 4 /* the smallest board has 1 */
#endif

#if TK_ACCOUNTS < 1 || TK_ACCOUNTS > 64
#error "1 to 64 accounts: that many have keys in tk_keys.h"
#endif

/* TLS connections at a time, each with about 20 KB of heap; the 64 KB board has 1. With 6, calls
 * that take long delay no others (tk_calls.h). */
#ifndef TK_CONNECTIONS
#define TK_CONNECTIONS 2
#endif

/* Addresses of a host that are tried at a time; a board with few sockets has 2. */
#ifndef TK_ATTEMPTS
#define TK_ATTEMPTS 9
#endif

/* Hosts whose TLS session is kept. */
#ifndef TK_SESSIONS
#define TK_SESSIONS (TK_CONNECTIONS + 1)
#endif

#if TK_SESSIONS < TK_CONNECTIONS
#error "each connection needs an entry for its session"
#endif

#ifndef TK_CONSOLES
#define TK_CONSOLES 4 /* console lines, about 4 KB of RAM each; a board has 1, its UART */
#endif

/* Characters of a token or a code. Bitrix24's have 70, JSON Web Tokens of other servers 2,000;
 * RFC 6749 sets no limit. Boards have 256. */
#ifndef TK_TOKEN_MAX
#define TK_TOKEN_MAX 2048
#endif

#if TK_TOKEN_MAX < 70 || TK_TOKEN_MAX > 2048
#error "70 to 2048 characters: a pair is one record of the store"
#endif

/* 0: no editing of a typed line but Backspace and Ctrl-U, and no line to bring back. */
#ifndef TK_EDITING
#define TK_EDITING (!TK_MINIMAL)
#endif

#ifndef TK_CONSOLE_OUT
#define TK_CONSOLE_OUT (TK_TOKEN_MAX > 256 ? 4096 : 2048) /* bytes of answers queued per line */
#endif

/* Bytes of the longest line of an answer: a setting, or a token. */
#define TK_ANSWER_MAX (TK_TOKEN_MAX > 1000 ? TK_TOKEN_MAX + 100 : 1100)

#if TK_CONSOLE_OUT <= TK_ANSWER_MAX
#error "the queue must hold the longest line of an answer"
#endif

#ifndef TK_CONSOLE_ASYNC
#define TK_CONSOLE_ASYNC 1024 /* bytes of EVT and LOG lines queued until an answer has ended */
#endif

/* Bytes of a connection's buffer: the request, in which a character takes up to 3, then what is
 * kept of the response body. */
#ifndef TK_WORK_SIZE
#define TK_WORK_SIZE (TK_TOKEN_MAX > 256 ? 3 * TK_TOKEN_MAX + 2048 : 2048)
#endif

#ifndef TK_SESSION_SIZE
#define TK_SESSION_SIZE 3072 /* bytes of a TLS session; 512 is enough without peer certificate */
#endif

#ifndef TK_HOST_MAX
#define TK_HOST_MAX 127 /* characters of a host name (DNS allows 253; portals use under 70) */
#endif

/* 1: offer TLS 1.2 alone first, and TLS 1.3 to servers that reject it. On a small processor
 * resuming TLS 1.2 costs a fiftieth of resuming TLS 1.3. */
#ifndef TK_TLS12_FIRST
#define TK_TLS12_FIRST 0
#endif

/* 0: no calls of the portal (tk_call_start, the command `call`), which saves 5 KB. */
#ifndef TK_CALL
#define TK_CALL (!TK_MINIMAL)
#endif

/* 0: alerts are not posted, to a webhook or Corezoid, nor is a token's task written, which saves
 * 8 KB. EVT lines, the indicator, the history and on_line report them in every build. */
#ifndef TK_REPORT
#define TK_REPORT (!TK_MINIMAL)
#endif

/* 0: the port has no clock of an operating system (tk_clock.h), which saves 0.4 KB. */
#ifndef TK_SYSTEM_CLOCK
#define TK_SYSTEM_CLOCK 1
#endif

#ifndef TK_CAS
#define TK_CAS 4 /* roots of trust that can be added; the 64 KB board has 2 */
#endif

#if TK_CAS < 1 || TK_CAS > 8
#error "1 to 8 roots: they have keys 17 to 24 of the store"
#endif

#define TK_CA_MAX 2047 /* bytes of an added root, in DER */

#if TK_WORK_SIZE <= TK_CA_MAX
#error "an added root is parsed in a connection's buffer"
#endif

#ifndef TK_HISTORY
#define TK_HISTORY 24 /* events kept, 10 bytes of RAM each */
#endif

#if TK_HISTORY < 4 || TK_HISTORY > 25
#error "4 to 25 events: together they are one value of the store, at most 253 bytes"
#endif

/* Characters, without the terminator, unless noted. */
#define TK_LINE_MAX         1023              /* a console line, prefix included */
#define TK_NAME_MAX         16                /* reference name of an account */
#define TK_HOST_TEXT        (TK_HOST_MAX + 8) /* buffer for [host]:port, terminator included */
#define TK_CLIENT_ID_MAX    128               /* Bitrix24 stores 128 */
#define TK_SECRET_MAX       128               /* Bitrix24 stores 100 */
#define TK_SCOPE_MAX        255
#define TK_URL_MAX          255
#define TK_PATH_MAX         63  /* path of the portal's REST endpoint */
#define TK_ID_MAX           40  /* member_id, user_id */
#define TK_SERVER_ERROR_MAX 40  /* error code from a server, unless it is a known one */
#define TK_DESCRIPTION_MAX  80  /* what a server says beside it */
#define TK_DETAIL_MAX       111 /* that, or how a response looked that could not be read */

#endif
