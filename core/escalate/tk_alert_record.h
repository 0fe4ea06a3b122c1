/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_ALERT_RECORD_H
#define TK_ALERT_RECORD_H

/* The record of an alert on flash, by which it survives a restart. */

#include "tk_alert.h"

/* Initializes store_timer and reads the record. */
void tk_alert_record_load(struct tk_alert *alert);

/* Stores the record, or deletes it from flash when there is nothing to deliver. A failure is
 * retried each minute; a restart before that may repeat a RAISED or lose a CLEARED. */
void tk_alert_record_store(struct tk_alert *alert);

/* Stops the retries. */
void tk_alert_record_cancel(struct tk_alert *alert);

#endif
