/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_HOST_CONSOLES_H
#define TK_HOST_CONSOLES_H

/* Consoles of administrators: which connection has which line of the keeper. */

#include "control.h"

/* A console for the client, whose request was answered: at once, or in the next pass where a silent
 * console must end first. Returns false if all of them are active. */
bool tk_consoles_take(struct tk_control *c, struct tk_control_client *client, uint64_t now_ms);

/* The console of a client in TK_CLIENT_OPENING, and the end of one in TK_CLIENT_CONSOLE. */
void tk_consoles_open(struct tk_control *c, struct tk_control_client *client);
void tk_consoles_close(struct tk_control *c, const struct tk_control_client *client);

/* Ends the connections whose consoles have ended; before others take their lines. */
void tk_consoles_end_closed(struct tk_control *c);

/* True if the keeper has met the end of a console. */
bool tk_consoles_is_due(const struct tk_control *c);

/* Reports a security event of the keeper to the clients that get events, and to the journal if
 * to_journal. uid and pid are those of the client at that console; at the terminal, which has no
 * client, those of the service. */
void tk_consoles_report(struct tk_control *c, bool to_journal, unsigned console, const char *event,
                        const char *ref, const char *key);

/* Whether this console is an administrator's: it needs no console_pin. */
bool tk_consoles_is_trusted(const struct tk_control *c, unsigned console);

#endif
