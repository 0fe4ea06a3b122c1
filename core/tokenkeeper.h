/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOKENKEEPER_H
#define TOKENKEEPER_H

/*
 * tokenkeeper: obtains a Bitrix24 OAuth token and keeps it fresh. The one header that a firmware or
 * a program includes; it needs a port of platform/ to run on.
 *
 *      static struct tk_keeper keeper;
 *
 *      tk_keeper_init(&keeper, &config);
 *      for (;;)
 *          tk_wait(port, tk_keeper_run(&keeper));
 *
 * A keeper owns no globals: thousands can live in one process. All calls are non-blocking and made
 * from that one loop, never from interrupts or other threads. An idle caller blocks in tk_wait().
 * A demand (tk_token_get) is made before tk_keeper_run, which starts what it needs.
 */

#include "tk_config.h"
#include "tk_keeper.h"
#include "tk_token_serve.h"
#include "tk_version.h"

/* Opens the store and loads the accounts. Always succeeds: what does not work is reported on the
 * console. config and all it points to outlive k. */
void tk_keeper_init(struct tk_keeper *k, const struct tk_config *config);

/* Closes all connections and wipes k, which may be initialised again. */
void tk_keeper_free(struct tk_keeper *k);

/* One pass over consoles, timers and network. The tick in ms until which it may sleep if nothing
 * happens: hand it to tk_wait. */
uint64_t tk_keeper_run(struct tk_keeper *k);

/*
 * A valid access token of the account `ref` (NULL or "": the first), NUL-terminated in buf, which
 * takes TK_TOKEN_MAX + 1 bytes; a shorter one is refused with TK_E_NO_MEMORY. With less than
 * min_valid_s seconds left the token is renewed first, at most once. *info is always filled.
 *
 *      TK_TOKEN_VALUE    buf has the token
 *      TK_TOKEN_WAIT     ask again after the next tk_keeper_run
 *      TK_TOKEN_REFUSED  info->err says what an operator must do
 */
enum tk_token_answer tk_token_get(struct tk_keeper *k, const char *ref, uint32_t min_valid_s,
                                  char *buf, size_t size, struct tk_token_info *info);

/* The same for a caller whose time is up: takes a valid token that lives shorter than asked. */
enum tk_token_answer tk_token_get_last(struct tk_keeper *k, const char *ref, uint32_t min_valid_s,
                                       char *buf, size_t size, struct tk_token_info *info);

/* A server answered 401 to a token of this generation. If that is the current one, it is renewed
 * before tk_token_get gives a token again. */
void tk_token_rejected(struct tk_keeper *k, const char *ref, uint32_t generation);

/* The account of that name, for reading; NULL: none. NULL or "" is the first. */
const struct tk_account *tk_keeper_account(struct tk_keeper *k, const char *ref);

/* Reports an event of the board's: an EVT line on every console and to config->on_line. */
void tk_keeper_event(struct tk_keeper *k, const struct tk_text *text);

/* tick, ms */
uint64_t tk_keeper_now(const struct tk_keeper *k);

#endif
