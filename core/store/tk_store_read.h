/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_STORE_READ_H
#define TK_STORE_READ_H

/* Reading and checking whole records. */

#include "tk_store_media.h"

/* Reads and checks a record, and copies the value at the cursor to buf, unless that is NULL. A
 * single-bit error is corrected. False if the record is damaged beyond that, or not authentic. Only
 * for records that are known to have been complete: see tk_record_is_whole. */
bool tk_record_read(struct tk_store *s, const struct tk_cursor *c, void *buf);

/* Checks a record that may be torn: its CRC-32, without correction. */
bool tk_record_is_whole(struct tk_store *s, const struct tk_cursor *c);

/* Reads bytes among the values of a record, decrypted but not checked. */
void tk_record_bytes(struct tk_store *s, const struct tk_cursor *c, uint32_t at, void *buf,
                     uint32_t len);

#endif
