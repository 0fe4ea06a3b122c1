/* SPDX-License-Identifier: Apache-2.0 */
#include "virtio.h"

#include "virt.h"

/* 4.2.2 */
enum {
    MAGIC = 0x000,
    VERSION = 0x004,
    DEVICE = 0x008,
    DEVICE_FEATURES = 0x010,
    DEVICE_FEATURES_SELECT = 0x014,
    DRIVER_FEATURES = 0x020,
    DRIVER_FEATURES_SELECT = 0x024,
    QUEUE_SELECT = 0x030,
    QUEUE_SIZE_MAX = 0x034,
    QUEUE_SIZE = 0x038,
    QUEUE_READY = 0x044,
    QUEUE_NOTIFY = 0x050,
    INTERRUPT_STATUS = 0x060,
    INTERRUPT_ACK = 0x064,
    STATUS = 0x070,
    QUEUE_DESC = 0x080,
    QUEUE_DRIVER = 0x090,
    QUEUE_DEVICE = 0x0A0,
    CONFIG = 0x100
};

#define MAGIC_WORD         0x74726976u /* "virt" */
#define STATUS_ACKNOWLEDGE 1u
#define STATUS_DRIVER      2u
#define STATUS_DRIVER_OK   4u
#define STATUS_FEATURES_OK 8u
#define FEATURE_VERSION_1  1u /* bit 32 */
#define DESC_WRITE         2u
#define AVAIL_NO_INTERRUPT 1u

#define AT(device, offset) REGISTER((device) + (offset))

/* The device sees earlier writes before later ones. */
static void fence(void)
{
    __asm volatile("fence rw, rw" : : : "memory");
}

/* 3.1.1 */
static bool negotiate(uintptr_t device, uint32_t features)
{
    AT(device, STATUS) = 0;
    AT(device, STATUS) = STATUS_ACKNOWLEDGE;
    AT(device, STATUS) |= STATUS_DRIVER;
    AT(device, DEVICE_FEATURES_SELECT) = 0;
    features &= AT(device, DEVICE_FEATURES);
    AT(device, DRIVER_FEATURES_SELECT) = 0;
    AT(device, DRIVER_FEATURES) = features;
    AT(device, DRIVER_FEATURES_SELECT) = 1;
    AT(device, DRIVER_FEATURES) = FEATURE_VERSION_1;
    AT(device, STATUS) |= STATUS_FEATURES_OK;
    return (AT(device, STATUS) & STATUS_FEATURES_OK) != 0;
}

uintptr_t tk_virtio_open(uint32_t kind, uint32_t features, unsigned *irq)
{
    for (unsigned slot = 0; slot < VIRTIO_SLOTS; slot++) {
        uintptr_t device = VIRTIO_BASE(slot);

        if (AT(device, MAGIC) != MAGIC_WORD || AT(device, VERSION) != 2 ||
            AT(device, DEVICE) != kind)
            continue;
        if (irq != NULL)
            *irq = IRQ_VIRTIO0 + slot;
        return negotiate(device, features) ? device : 0;
    }
    return 0;
}

static void set_address(uintptr_t device, unsigned offset, const volatile void *address)
{
    AT(device, offset) = (uint32_t)(uintptr_t)address;
    AT(device, offset + 4) = 0;
}

bool tk_virtio_add(uintptr_t device, unsigned number, struct tk_virtio_queue *queue)
{
    AT(device, QUEUE_SELECT) = number;
    if (AT(device, QUEUE_SIZE_MAX) < TK_VIRTIO_QUEUE)
        return false;
    AT(device, QUEUE_SIZE) = TK_VIRTIO_QUEUE;
    set_address(device, QUEUE_DESC, queue->desc);
    set_address(device, QUEUE_DRIVER, &queue->avail);
    set_address(device, QUEUE_DEVICE, &queue->used);
    AT(device, QUEUE_READY) = 1;
    return true;
}

void tk_virtio_begin(uintptr_t device)
{
    AT(device, STATUS) |= STATUS_DRIVER_OK;
}

void tk_virtio_give(uintptr_t device, unsigned number, struct tk_virtio_queue *queue, unsigned id,
                    void *buffer, uint32_t len, bool device_writes)
{
    queue->desc[id] = (struct tk_virtio_desc){.address = (uint32_t)(uintptr_t)buffer,
                                              .len = len,
                                              .flags = device_writes ? DESC_WRITE : 0};
    queue->avail.ring[queue->avail.index % TK_VIRTIO_QUEUE] = (uint16_t)id;
    fence();
    queue->avail.index++;
    fence();
    AT(device, QUEUE_NOTIFY) = number;
}

bool tk_virtio_ready(const struct tk_virtio_queue *queue)
{
    return queue->used.index != queue->taken;
}

bool tk_virtio_take(struct tk_virtio_queue *queue, unsigned *id, uint32_t *len)
{
    if (!tk_virtio_ready(queue))
        return false;
    fence();
    *id = queue->used.ring[queue->taken % TK_VIRTIO_QUEUE].id % TK_VIRTIO_QUEUE;
    *len = queue->used.ring[queue->taken % TK_VIRTIO_QUEUE].len;
    queue->taken++;
    return true;
}

void tk_virtio_quiet(struct tk_virtio_queue *queue, bool quiet)
{
    queue->avail.flags = quiet ? AVAIL_NO_INTERRUPT : 0;
    fence();
}

void tk_virtio_acknowledge(uintptr_t device)
{
    AT(device, INTERRUPT_ACK) = AT(device, INTERRUPT_STATUS);
}

uint8_t tk_virtio_config(uintptr_t device, unsigned at)
{
    return BYTE(device + CONFIG + at);
}
