/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_VIRTIO_H
#define TK_VIRTIO_H

/*
 * Virtio devices with memory-mapped registers, version 2 (Virtual I/O Device 1.1, 2.6 and 4.2), for
 * drivers that poll their queues. Main loop only, except tk_virtio_quiet and tk_virtio_acknowledge.
 *
 *      give: buffer -> desc, avail -> device -> used -> take: buffer back
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TK_VIRTIO_QUEUE = 8 }; /* descriptors; one is one buffer */

struct tk_virtio_desc {
    uint32_t address, address_high;
    uint32_t len;
    uint16_t flags, next;
};

/* Shared with the device. */
struct tk_virtio_queue {
    struct tk_virtio_desc desc[TK_VIRTIO_QUEUE];
    struct {
        uint16_t flags;
        uint16_t index;
        uint16_t ring[TK_VIRTIO_QUEUE];
        uint16_t event;
    } avail;
    struct {
        uint16_t flags;
        volatile uint16_t index;
        struct {
            uint32_t id, len;
        } ring[TK_VIRTIO_QUEUE];
        uint16_t event;
    } used __attribute__((aligned(4)));
    uint16_t taken; /* by the driver: up to this used.index */
} __attribute__((aligned(16)));

enum { TK_VIRTIO_NET = 1, TK_VIRTIO_RANDOM = 4 };

/* Resets the first device of a kind and negotiates features, of its first 32. Returns the address
 * of its registers, or 0 if there is none or it needs another driver. *irq, unless NULL: its
 * interrupt at the PLIC. */
uintptr_t tk_virtio_open(uint32_t kind, uint32_t features, unsigned *irq);

/* Sets up a queue; starts the device, after the last queue. */
bool tk_virtio_add(uintptr_t device, unsigned number, struct tk_virtio_queue *queue);
void tk_virtio_begin(uintptr_t device);

/* Passes descriptor id with a buffer to the device, which writes or reads it. */
void tk_virtio_give(uintptr_t device, unsigned number, struct tk_virtio_queue *queue, unsigned id,
                    void *buffer, uint32_t len, bool device_writes);

/* Takes the next buffer back: its id, and the number of bytes written. Returns false if there is
 * none. */
bool tk_virtio_take(struct tk_virtio_queue *queue, unsigned *id, uint32_t *len);

/* Whether tk_virtio_take would find one. */
bool tk_virtio_ready(const struct tk_virtio_queue *queue);

/* Disables the interrupts of a queue, or enables them. */
void tk_virtio_quiet(struct tk_virtio_queue *queue, bool quiet);

/* From the device's interrupt: acknowledges it. */
void tk_virtio_acknowledge(uintptr_t device);

/* A byte of the device's configuration space. */
uint8_t tk_virtio_config(uintptr_t device, unsigned at);

#endif
