/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_firmware.h"

#ifndef TK_BUILD_UNIX
#error "the build says when it was made: -DTK_BUILD_UNIX=<seconds>"
#endif

/* In a file of its own, so that no other depends on the minute, nor on how its number is coded. */
const int64_t tk_firmware_build_unix = TK_BUILD_UNIX;
