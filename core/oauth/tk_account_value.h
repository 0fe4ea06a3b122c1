/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_ACCOUNT_VALUE_H
#define TK_ACCOUNT_VALUE_H

/* The values of an account as they are on flash, for tk_account_load.c and tk_account_store.c. */

#include "tk_account.h"

/* TK_KEY_PAIR: generation 4 | lifetime 4 | issued 8 | expires 8 | tk_time_stored_floor 8 | digest
 * of the device's id 8. Version 0.1 stored no digest. */
enum { TK_PAIR_DEVICE = 32, TK_PAIR_SIZE = TK_PAIR_DEVICE + TK_DIGEST_SIZE };

/* TK_KEY_INTENT: 1 byte; LONG: tk_refresh.too_long */
enum { TK_INTENT_OPEN = 1, TK_INTENT_LONG = 2 };

/* TK_KEY_GRANT_INFO: strings with their NULs */
enum { TK_INFO_STRINGS = 4 };

static inline uint16_t tk_account_key_of(const struct tk_account *a, int item)
{
    return tk_account_key(a->index, (unsigned)item);
}

/* The beginning of the SHA-256. */
void tk_account_digest(const char *text, uint8_t out[TK_DIGEST_SIZE]);

/* The pair of a, and the floor of its wall time, for this device. */
void tk_account_pack_pair(const struct tk_account *a, uint8_t out[TK_PAIR_SIZE]);

/* All but the device and the tokens. False if no build stores such times. */
bool tk_account_unpack_pair(struct tk_pair *pair, const uint8_t packed[TK_PAIR_SIZE],
                            int64_t *floor);

/* pieces point into info. */
void tk_account_pack_info(const struct tk_grant_info *info,
                          struct tk_store_piece pieces[TK_INFO_STRINGS]);

/* False, with some of info set, if text[0..len) is none. */
bool tk_account_unpack_info(struct tk_grant_info *info, const char *text, int len);

#endif
