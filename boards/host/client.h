/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CLIENT_H
#define TK_CLIENT_H

/* What administrators' commands share: requests at the service's socket for them. The calls block,
 * for 10 s at most. */

#include "host.h"
#include "service.h"

/* Connects and asks; answer becomes the service's, of less than size bytes. Returns an exit status:
 * after TK_EXIT_OK the caller closes service, after another, and a message, it is closed. */
int tk_client_ask_admin(const struct tk_options *options, const char *request,
                        struct tk_service *service, char *answer, size_t size);

/* The same for a console: after TK_EXIT_OK the connection is a console line. */
int tk_client_console(const struct tk_options *options, struct tk_service *service);

#endif
