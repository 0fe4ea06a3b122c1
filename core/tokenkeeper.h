/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOKENKEEPER_H
#define TOKENKEEPER_H

/*
 * tokenkeeper: obtains a Bitrix24 OAuth token and keeps it fresh. The one header that a firmware
 * or program includes. It runs on a port of platform/, which is initialized first, as is mbedTLS
 * (tk_mbedtls_init):
 *
 *      static struct tk_keeper keeper;
 *
 *      tk_keeper_init(&keeper, &config);
 *      for (;;)
 *          tk_wait(port, tk_keeper_run(&keeper));
 *
 * Everything is done from that one loop. None of these functions may be called from an interrupt,
 * from another thread, or from a callback of struct tk_config: see tk_mailbox.h. None of them waits
 * for the network: a pass takes at most about 2 s on a Cortex-M3, for a TLS handshake, and usually
 * under 1 ms. A keeper has no globals, so one process can run thousands.
 *
 * TK_ASSERT (tk_assert.h) stops a call on a keeper that is not initialized, a call from a callback,
 * a *config without flash or board, and a NULL buf or info.
 */

#ifdef __cplusplus
#include <mbedtls/gcm.h> /* what the headers below include, outside of extern "C" */
#include <mbedtls/sha256.h>
#include <mbedtls/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

extern "C" {
#endif

#include "tk_config.h"
#include "tk_keeper.h"
#include "tk_sock.h"
#include "tk_token_serve.h"
#include "tk_version.h"
#include "tk_words.h"

/* Opens the store, loads the settings and schedules the refreshes; sends nothing. Always succeeds:
 * errors of flash and TLS are reported by `status` and `check` on the console. k needs no
 * initialization; *config and all that it points to must outlive it. */
void tk_keeper_init(struct tk_keeper *k, const struct tk_config *config);

/* Cancels the commands of the consoles, closes all connections and wipes k, which may be
 * initialized again. Flash is not changed. */
void tk_keeper_free(struct tk_keeper *k);

/*
 * A clean end, before the program ends, is updated or resets the device:
 *
 *      while (!tk_keeper_shutdown(&keeper))
 *          tk_wait(port, tk_keeper_run(&keeper));
 *      tk_keeper_free(&keeper);
 *
 * A refresh or an exchange that was sent may have retired the stored pair on the server: it is
 * awaited, and its pair stored. From the first call on no other request is sent. Returns true when
 * nothing is awaited any more, 30 s after the first call at the latest. tk_keeper_run goes on
 * feeding the watchdog meanwhile. The console's `reboot` does the same before tk_device_reboot.
 *
 * Without it (a power cut, SIGKILL) the next start recovers the pair, unless the server honours
 * only the one whose response was not stored: then an operator must authorize again
 * (reason=rotation_lost).
 */
bool tk_keeper_shutdown(struct tk_keeper *k);

/* One pass over consoles, timers and network; feeds the watchdog. Returns the tick (ms) until which
 * the caller may sleep in tk_wait, at most as long as the watchdog allows; calling earlier is
 * always allowed. */
uint64_t tk_keeper_run(struct tk_keeper *k);

/*
 * Copies a valid access token of the account ref (NULL or "": the first) to buf, NUL-terminated.
 * size: TK_TOKEN_MAX + 1 bytes are always enough. If fewer than min_valid_s seconds of its life are
 * left (TK_MIN_VALID_DEFAULT suits most callers; half of the whole life is the most that counts) it
 * starts one refresh, which the next tk_keeper_run sends. Call it before tk_keeper_run, in each
 * pass until it stops returning TK_TOKEN_WAIT. *info is always filled.
 *
 *      TK_TOKEN_VALUE    buf has the token; info->expires_in seconds are left. info->is_short: that
 *                        is less than min_valid_s: half of its life is left, or no refresh can
 *                        help now
 *      TK_TOKEN_WAIT     a refresh is in progress (info->err is TK_OK) or is being retried
 *                        (info->err: its last error). It has no timeout; see tk_token_get_last
 *      TK_TOKEN_REFUSED  there is no valid token and waiting does not help; info->err:
 *                        TK_E_NO_SUCH_REF, TK_E_NO_CLIENT, TK_E_NEEDS_CODE, TK_E_CLOCK_UNKNOWN (it
 *                        is not set: by `time`, SNTP or the system), TK_E_NO_MEMORY (buf is too
 *                        small), or the error that an operator must resolve. tk_err_code has
 *                        its code, tk_words_add its hint
 *
 * A refresh replaces the token, so get it for each use and do not keep it. Wipe buf (tk_wipe).
 */
enum tk_token_answer tk_token_get(struct tk_keeper *k, const char *ref, uint32_t min_valid_s,
                                  char *buf, size_t size, struct tk_token_info *info);

/* As tk_token_get, for a caller whose own timeout has passed: instead of TK_TOKEN_WAIT it returns
 * a token that is still valid for a shorter time (info->is_short), if there is one; also one that
 * was rejected: compare info->generation. */
enum tk_token_answer tk_token_get_last(struct tk_keeper *k, const char *ref, uint32_t min_valid_s,
                                       char *buf, size_t size, struct tk_token_info *info);

/* The portal answered 401 to a token of this generation (info->generation). If it is still the
 * current one, tk_token_get does not return it before a refresh was tried. Should that fail, the
 * token is returned again: compare info->generation. No effect for an unknown ref or another
 * generation, and while refreshes fail.
 *
 * An account has a budget: one such refresh in a minute, ten in an hour. Returns 0, or the seconds
 * until there is one: nothing changed. */
uint32_t tk_token_rejected(struct tk_keeper *k, const char *ref, uint32_t generation);

/* Queues a call of a REST method (tk_call.h); the next tk_keeper_run goes on with it. Any other
 * result than TK_OK: it was not started, and done will not be called: TK_E_NO_SUCH_REF,
 * TK_E_BAD_VALUE (not a method's name), TK_E_BAD_BODY (not one JSON object, or it has a member that
 * is ours to set), TK_E_CANCELLED (produce gave up), TK_E_TRY_LATER (after tk_keeper_shutdown).
 * This function and the next three may also be called from the callbacks of a call. */
enum tk_err tk_call_start(struct tk_keeper *k, struct tk_call *call);

/* Ends a call without calling its done; no effect on one that is not active. A request that was
 * sent may still be carried out. */
void tk_call_cancel(struct tk_keeper *k, struct tk_call *call);

/* After a pause (on_body): the answer goes on in the next tk_keeper_run, which must follow at once.
 * No effect on a call that has not paused. */
void tk_call_resume(struct tk_keeper *k, struct tk_call *call);

/* Milliseconds until the portal's limit lets the call be sent; 0: it is not waiting for that. */
uint32_t tk_call_wait_ms(const struct tk_keeper *k, const struct tk_call *call);

/* The account ref (NULL or "": the first) for reading, or NULL if there is none. Valid until the
 * next tk_keeper_run. See tk_account.h for its members, tk_state.h for its state and reason. */
const struct tk_account *tk_keeper_account(struct tk_keeper *k, const char *ref);

/* The account in slot index, 0 to TK_ACCOUNTS - 1, or NULL if the slot is free. */
const struct tk_account *tk_keeper_account_at(struct tk_keeper *k, unsigned index);

/* Prints the line "EVT " + text on every console and passes it to config->on_line: for events of
 * the program itself. The line is cut at 399 characters. text must not contain a secret. */
void tk_keeper_event(struct tk_keeper *k, const struct tk_text *text);

/* Whether the console hides what follows this beginning of a line ("set client_secret "): for a
 * program that takes commands elsewhere. Pure. */
bool tk_console_hides(const char *line);

/* The monotonic time, ms: that of tk_clock_now_ms. */
uint64_t tk_keeper_now(const struct tk_keeper *k);

#ifdef __cplusplus
}
#endif

#endif
