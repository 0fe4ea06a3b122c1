/* SPDX-License-Identifier: Apache-2.0 */

/* The store on flash with any content: it opens or refuses, ends in bounded time, returns nothing
 * longer than a sector, and what it then takes it gives back after a restart. */

#include "fuzz.h"

#include "tk_sim_flash.h"
#include "tk_store.h"

enum { SECTOR = 1024, SECTORS = 4, KEYS = 20 };

static void commit_and_restart(struct tk_store *store, struct tk_sim_flash *flash)
{
    const struct tk_store_piece piece = {"value", 5};
    const struct tk_store_value value = {7, 1, &piece};
    char buf[SECTOR];

    if (tk_store_commit(store, &value, 1) != TK_STORE_OK)
        return;
    CHECK(tk_store_open(store, &flash->flash, NULL) == TK_STORE_OK);
    CHECK(tk_store_get(store, 7, buf, sizeof buf) == 5 && memcmp(buf, "value", 5) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tk_sim_flash flash;
    struct tk_store store;
    char buf[SECTOR];
    size_t len = size < SECTOR * SECTORS ? size : SECTOR * SECTORS;

    tk_sim_flash_init(&flash, SECTOR, SECTORS, 1);
    memcpy(flash.bytes, data, len);
    if (tk_store_open(&store, &flash.flash, NULL) == TK_STORE_OK) {
        for (unsigned key = 0; key < KEYS; key++)
            CHECK(tk_store_get(&store, (uint8_t)key, buf, sizeof buf) <= (int)sizeof buf);
        (void)tk_store_health(&store);
        commit_and_restart(&store, &flash);
    }
    tk_sim_flash_free(&flash);
    return 0;
}
