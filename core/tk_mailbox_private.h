/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_MAILBOX_PRIVATE_H
#define TK_MAILBOX_PRIVATE_H

/*
 * Shared by the files of the mailbox. A task takes a slot, whose `ask` points to its stack, and
 * waits at the slot's semaphore; the main loop calls the slot's post.
 *
 *      FREE -> ASKED -> FREE            answered: the task frees it, since it waits there
 *                    -> LEFT -> FREE    its timeout has passed: the main loop frees it
 *
 * What `ask` points to is used in the critical section only, and only while the slot is ASKED: so
 * the main loop never writes to the buffer of a task that has left.
 */

#include "tk_mailbox.h"

enum { TK_SLOT_FREE, TK_SLOT_ASKED, TK_SLOT_LEFT };
enum { TK_POOL_TOKENS, TK_POOL_CALLS };

uint32_t tk_mailbox_lock(const struct tk_mailbox *box);
void tk_mailbox_unlock(const struct tk_mailbox *box, uint32_t before);

/* Main loop, before the first task. */
void tk_mailbox_add_slot(struct tk_mailbox *box, unsigned pool, struct tk_mailbox_slot *slot,
                         void (*run)(struct tk_mailbox *box, struct tk_mailbox_post *post));

/* --- task --- */

/* Takes a slot for ask, and queues its post. Waits for one, and deducts that from *left_ms. NULL:
 * *err is TK_E_BUSY or TK_E_CANCELLED. */
struct tk_mailbox_slot *tk_mailbox_take(struct tk_mailbox *box, unsigned pool, void *ask,
                                        uint32_t *left_ms, enum tk_err *err);

/* Waits until *done, a member of ask which the main loop sets, and deducts that from *left_ms.
 * Returns it; false: *left_ms is 0. */
bool tk_mailbox_await(struct tk_mailbox *box, const struct tk_mailbox_slot *slot, const bool *done,
                      uint32_t *left_ms);

/* The part of a timeout that is left to the main loop, whose pass may take 2 s, to say how it ends
 * before the task leaves. */
uint32_t tk_mailbox_spare(uint32_t timeout_ms);

/* Queues the slot's post again, and wakes the main loop even if it was queued for a later pass. */
void tk_mailbox_notify(struct tk_mailbox *box, struct tk_mailbox_slot *slot);

/* Gives the slot up. Returns *done: what the main loop wrote before is complete, and it writes
 * nothing any more. */
bool tk_mailbox_leave(struct tk_mailbox *box, struct tk_mailbox_slot *slot, const bool *done);

/* --- main loop --- */

/* Wakes the task of the slot: *done is set, or there is more to read. */
void tk_mailbox_signal(const struct tk_mailbox *box, const struct tk_mailbox_slot *slot);

/* Queues the slot's post for the next pass, which comes by itself. */
void tk_mailbox_again(struct tk_mailbox *box, struct tk_mailbox_slot *slot);

/* Frees a slot whose task has left. */
void tk_mailbox_release(struct tk_mailbox *box, struct tk_mailbox_slot *slot);

#endif
