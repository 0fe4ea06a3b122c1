/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_VIRTIO_H
#define TK_VIRTIO_H

/*
 * Virtio devices on memory-mapped registers, version 2 (Virtual I/O Device 1.1, sections 2.6 and
 * 4.2): just what a driver that polls its queues needs. Main loop only.
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
    uint16_t taken; /* ours: of used.index */
} __attribute__((aligned(16)));

enum { TK_VIRTIO_NET = 1, TK_VIRTIO_RANDOM = 4 };

/* The registers of the first device of a kind, reset and told that we want these of its first 32
 * features; 0: there is none, or it wants another driver. *irq, where not NULL: of the PLIC. */
uintptr_t tk_virtio_open(uint32_t kind, uint32_t features, unsigned *irq);

/* Sets up a queue, then, after the last one, lets the device begin. */
bool tk_virtio_add(uintptr_t device, unsigned number, struct tk_virtio_queue *queue);
void tk_virtio_begin(uintptr_t device);

/* Gives descriptor id with a buffer that the device writes, or reads. */
void tk_virtio_give(uintptr_t device, unsigned number, struct tk_virtio_queue *queue, unsigned id,
                    void *buffer, uint32_t len, bool device_writes);

/* The next one back: its id, and how much the device wrote. False: none yet. */
bool tk_virtio_take(struct tk_virtio_queue *queue, unsigned *id, uint32_t *len);

/* Whether tk_virtio_take would find one. */
bool tk_virtio_ready(const struct tk_virtio_queue *queue);

/* Lets no interrupts of a queue come, or lets them come again. */
void tk_virtio_quiet(struct tk_virtio_queue *queue, bool quiet);

/* From the device's interrupt: it was seen. */
void tk_virtio_acknowledge(uintptr_t device);

/* A byte of what the device says of itself. */
uint8_t tk_virtio_config(uintptr_t device, unsigned at);

#endif
