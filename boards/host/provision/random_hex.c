/* SPDX-License-Identifier: Apache-2.0 */
#include "random_hex.h"

#include "tk_wipe.h"

#include <stdint.h>
#include <stdio.h>

enum { BYTES = 64 };

bool tk_random_hex(char *out, size_t digits)
{
    uint8_t bytes[BYTES];
    size_t count = digits / 2;
    FILE *file = count > BYTES ? NULL : fopen("/dev/urandom", "re");
    bool good = file != NULL && setvbuf(file, NULL, _IONBF, 0) == 0 &&
                fread(bytes, 1, count, file) == count;

    if (file != NULL)
        fclose(file);
    for (size_t i = 0; good && i < count; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
    tk_wipe(bytes, sizeof bytes);
    return good;
}
