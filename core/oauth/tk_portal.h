/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_PORTAL_H
#define TK_PORTAL_H

/*
 * The host of an account's portal, and moves to another one. The access token goes to three kinds
 * of host only: the portal that the operator set, its former name, and cloud portals of Bitrix24,
 * on port 443. A move to any other host is a fault (struct tk_account, portal_fault): the state is
 * blocked with TK_E_PORTAL_MOVED while refreshes go on, until the operator accepts that host.
 */

#include "tk_account.h"

/* What a URL of the portal in a response says. */
enum tk_portal_named {
    TK_NAMES_NOTHING, /* there is none */
    TK_NAMES_PORTAL,
    TK_NAMES_FORMER, /* the name before the last move: the server has not seen that yet */
    TK_NAMES_CLOUD,  /* another host, a cloud portal */
    TK_NAMES_OTHER,  /* any other host */
    TK_NAMES_INVALID /* no URL with a host, or a host with a secret in its name */
};

/* Reads the host of url, an http or https URL, into *host. */
enum tk_portal_named tk_portal_named(const struct tk_account *a, const char *url,
                                     struct tk_host *host);

/* The same for a host. */
enum tk_portal_named tk_portal_compare(const struct tk_account *a, const struct tk_host *host);

/* Where REST calls go: client_endpoint, else the portal. *path: in client_endpoint, with its query,
 * or a constant. False: client_endpoint is no https URL; *path is a default. */
bool tk_portal_endpoint(const struct tk_account *a, struct tk_host *host, const char **path);

/* After a token response that named a host: moves to a cloud portal, or sets or clears
 * TK_PORTAL_MOVED_BY_ANSWER. */
void tk_portal_note_answer(struct tk_account *a, enum tk_portal_named named,
                           const struct tk_host *host);

/* Stores a fault; moved_to: the host of one of the two moves, else NULL. Notifies
 * TK_ACCOUNT_PORTAL, and prints an event with the host. No effect if nothing changes. */
void tk_portal_set_fault(struct tk_account *a, enum tk_portal_fault fault,
                         const struct tk_host *moved_to);

/* The portal has a new host: adopts it in portal and client_endpoint, notifies TK_ACCOUNT_MOVED,
 * and stores it. TK_E_STORAGE_*: the move is in RAM only; after a restart it is detected again. */
enum tk_err tk_portal_move(struct tk_account *a, const struct tk_host *to);

/* True while a host waits to be accepted. */
bool tk_portal_has_moved(const struct tk_account *a);

/* The operator accepts the host to which the portal moved. TK_E_NOT_MOVED, TK_E_STORAGE_*. */
enum tk_err tk_portal_accept(struct tk_account *a);

#endif
