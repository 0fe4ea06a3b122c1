/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_PIN_H
#define TK_PIN_H

/*
 * The PIN of the consoles, which protects a serial port that others can reach: it is asked for
 * before commands that print a token or change what is trusted. On flash is a salted digest, and
 * how many attempts have failed in a row: after each one the next is refused for twice as long, up
 * to about an hour, and a restart does not shorten that.
 *
 * A PIN of few digits does not withstand who reads the flash; nor do the tokens there, unless the
 * store is sealed.
 */

#include "tk_runtime.h"

enum { TK_PIN_MIN = 6, TK_PIN_MAX = 16 };

struct tk_pin {
    uint64_t failed_ms; /* tick of the last failed attempt; that of the start if it was before */
    bool is_absent;     /* as flash said when it was last read */
};

/* Also if what flash holds is no PIN, and while it cannot be read unless there was none before. */
bool tk_pin_is_set(struct tk_pin *p, struct tk_runtime *rt);

/* Sets a PIN of TK_PIN_MIN to TK_PIN_MAX visible characters; "" removes it. TK_E_BAD_VALUE,
 * TK_E_NOT_SEEDED, TK_E_STORAGE_*. */
enum tk_err tk_pin_set(struct tk_runtime *rt, const char *pin);

/* TK_OK: it is this one. TK_E_WRONG_PIN: it is not, or the wait for the next attempt is not over;
 * *wait_s is left of it. */
enum tk_err tk_pin_check(struct tk_pin *p, struct tk_runtime *rt, const char *pin,
                         uint32_t *wait_s);

#endif
