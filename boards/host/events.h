/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_HOST_EVENTS_H
#define TK_HOST_EVENTS_H

/* Events for other programs on this machine: `tokenkeeper events`. */

#include "control.h"

/* `{"op":"events"}` of an administrator: its connection gets all events from now on. Answers an
 * error if that are too many connections. */
void tk_events_subscribe(struct tk_control *c, struct tk_control_client *client);

/* An event of the keeper, `state ref=token state=ready`: sent to these connections as an object on
 * a line. One that does not read is lost. */
void tk_events_send(struct tk_control *c, const char *event);

#endif
