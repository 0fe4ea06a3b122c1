/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ECHO_PEER_H
#define ECHO_PEER_H

/* The peer of tk_conformance.h, a process on loopback. */

#include <stdint.h>

extern uint16_t echo_peer_port, echo_closed_port; /* set by echo_peer_start */

/* 0, or -1. */
int echo_peer_start(void);
void echo_peer_stop(void);

#endif
