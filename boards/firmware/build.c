/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_firmware.h"

#ifndef TK_BUILD_UNIX
#error "define the build time: -DTK_BUILD_UNIX=<seconds since 1970>"
#endif

/* In a file of its own, so that the code of other files does not depend on the build time. */
const int64_t tk_firmware_build_unix = TK_BUILD_UNIX;
