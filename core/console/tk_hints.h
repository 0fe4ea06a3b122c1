/* SPDX-License-Identifier: Apache-2.0 */

/* What commands say beside the hints of errors, an X-macro: TK_HINT(id, hint), see tk_command.h. */

/* values that a command takes */
TK_HINT(NAME, "give 1 to 16 characters of a-z, 0-9, - and _")
TK_HINT(BASE64, "give base64, a multiple of 4 characters; earlier lines are kept")
TK_HINT(DIGEST, "give 8 to 64 hex digits that match one root of ca list only")
TK_HINT(TIME, "give 2026-11-29T12:00:00Z, or +02:00 in place of Z, or seconds since 1970")
TK_HINT(NO_DATE, "there is no such day or time; give it as 2026-11-29T12:00:00Z")
TK_HINT(SEED, "give 64 to 128 hex digits, as openssl rand -hex 32 prints")
TK_HINT(LOG, "give off, error or info")

/* sentences for an operator */
TK_HINT(SET_PORTAL, "set portal <name>")
TK_HINT(SET_CLIENT_ID, "set client_id <id>")
TK_HINT(SET_SECRET, "set client_secret")
TK_HINT(HELP, "help <command> or help set <key> says more.")

/* what `auth begin` says around the link */
TK_HINT(OPEN_LINK, "1. Open this link in a browser and log in to the portal:")
TK_HINT(ERROR_PAGE, "2. The browser then shows an error page for localhost:7000. That is expected.")
TK_HINT(PASTE, "3. Copy its whole address and paste it here within 30 seconds.")
TK_HINT(LINK_CUT, "(A cut-off link? Widen the window, or in minicom press Ctrl-A W.)")

/* what the states mean, in the order of enum tk_state */
TK_HINT(NO_CLIENT, "Settings are missing")
TK_HINT(NEEDS_CODE, "There is no token to renew")
TK_HINT(EXCHANGING, "A code is being exchanged for a token")
TK_HINT(REFRESHING, "The token is being renewed")
TK_HINT(READY, "The token is renewed in time")
TK_HINT(RETRYING, "Renewing the token failed, and is tried again")
TK_HINT(BLOCKED, "The token is not renewed until that is changed")

/* what a line held that is refused */
TK_HINT(CONTROL, "a control character")
TK_HINT(LETTER, "a letter that is not ASCII")
TK_HINT(NO_BREAK, "a no-break space")
TK_HINT(SOFT_HYPHEN, "a soft hyphen")
TK_HINT(ZERO_WIDTH, "a zero-width space")
TK_HINT(BYTE_ORDER, "a byte order mark")
TK_HINT(QUOTE, "a curly quote or a dash")

/* what was given instead of a code */
TK_HINT(REFUSED, "the portal refused, see said: auth begin, and log in as a user who may use the "
                 "application")
TK_HINT(LINK, "that is the link to open, not the answer: log in there, then paste the address that "
              "the browser shows")
TK_HINT(NO_ANSWER,
        "no code= in that address; paste the one that the browser shows after auth begin "
        "and the login, or set portal")

/* after the hint of an error */
TK_HINT(CODE_SPENT, ", then auth begin: this code is used up")
