/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_HOST_REQUEST_H
#define TK_HOST_REQUEST_H

/* What clients send, as PROTOCOL.md says. */

#include "control.h"

/* A line without its end, in client->text: the greeting, or a request. Answers it, or changes the
 * client's state. */
void tk_request_greet(struct tk_control *c, struct tk_control_client *client, uint64_t now_ms);
void tk_request_run(struct tk_control *c, struct tk_control_client *client, uint64_t now_ms);

/* A client that waits for a token: answers it if there is one now, or at its deadline. */
void tk_request_step(struct tk_control *c, struct tk_control_client *client, uint64_t now_ms);

#endif
