/* SPDX-License-Identifier: Apache-2.0 */

/* A sensor with an interrupt once a minute; each value becomes a lead in the portal. README.md */

#include "board.h"
#include "lm3s6965.h"
#include "tk_arch.h"
#include "tk_cortex_m.h"
#include "tk_firmware.h"
#include "tk_mailbox.h"

#include <string.h>

enum { FIRST_S = 10, PERIOD_S = 60, TIMEOUT_MS = 50000 };

static struct tk_mailbox mailbox;
static struct tk_call call;
static volatile uint32_t tenths = 200; /* of a degree, from the sensor */
static bool is_calling;
static char body[48];

/* --- the sensor, which a timer simulates --- */

static void measure_after(uint32_t seconds)
{
    TIMER1_CTL = 0;
    TIMER1_TAILR = seconds * SYSTEM_HZ;
    TIMER1_CTL = 1;
}

static size_t produce(struct tk_call *c, uint32_t offset, char *out, size_t size)
{
    size_t n = c->body_len - offset;

    n = n < size ? n : size;
    memcpy(out, body + offset, n);
    return n;
}

/* result->err says what became of it. A value that was not sent is lost: the next one is due. */
static void on_done(struct tk_call *c, const struct tk_call_result *result)
{
    (void)c;
    (void)result;
    is_calling = false;
}

/* In the main loop. */
static void report(struct tk_mailbox *box, struct tk_mailbox_post *post)
{
    unsigned value = tenths; /* once: the interrupt may change it */
    struct tk_text t;

    (void)post;
    if (is_calling)
        return;
    tk_text_init(&t, body, sizeof body);
    tk_text_print(&t, "{\"fields\":{\"TITLE\":\"%u.%u C\"}}", value / 10, value % 10);
    call = (struct tk_call){.method = "crm.lead.add",
                            .timeout_ms = TIMEOUT_MS,
                            .produce = produce,
                            .body_len = (uint32_t)strlen(body),
                            .done = on_done};
    is_calling = tk_call_start(box->keeper, &call) == TK_OK;
}

/* The interrupt waits for nothing: it posts. */
void tk_sensor_interrupt(void)
{
    static struct tk_mailbox_post post = {.run = report};

    TIMER1_ICR = 1;
    tenths++;
    (void)tk_mailbox_post(&mailbox, &post);
    measure_after(PERIOD_S);
}

/* --- the mailbox of a main loop and interrupts --- */

static uint32_t mask(void *ctx)
{
    (void)ctx;
    return tk_arch_mask();
}

static void unmask(void *ctx, uint32_t before)
{
    (void)ctx;
    tk_arch_unmask(before);
}

static void wake(void *ctx)
{
    tk_bare_wake(ctx);
}

static const struct tk_mailbox_hooks hooks = {
    .ctx = &tk_firmware_port, .lock = mask, .unlock = unmask, .wake = wake};

void tk_firmware_part_init(struct tk_keeper *k)
{
    tk_mailbox_init(&mailbox, k, &hooks);
    SYSCTL_RCGC1 |= 1u << 17; /* timer 1 */
    (void)SYSCTL_RCGC1;
    TIMER1_CFG = 0;  /* 32 bits */
    TIMER1_TAMR = 1; /* one shot */
    TIMER1_IMR = 1;
    tk_cortex_enable(IRQ_TIMER1A);
    measure_after(FIRST_S);
}

void tk_firmware_part_run(void)
{
    tk_mailbox_run(&mailbox);
}
