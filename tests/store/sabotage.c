/* SPDX-License-Identifier: Apache-2.0 */

/* Memories that break the contract behind the store's back. No store can live on them: that the
 * proof notices each of them is what shows that it can fail. */

#include "proof.h"

#include <string.h>

const struct sabotage sabotages[] = {{NULL, NULL}};
