/* SPDX-License-Identifier: Apache-2.0 */
#include <mbedtls/platform_util.h>

#if defined(MBEDTLS_PLATFORM_GMTIME_R_ALT)

/* gmtime_r for times after 1970, without the time zones of libc. Years begin in March, so that the
 * leap day is the last of its year (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
 * mbedTLS uses date and time of day only. */
struct tm *mbedtls_platform_gmtime_r(const mbedtls_time_t *tt, struct tm *tm_buf)
{
    uint64_t time = (uint64_t)*tt;
    int days = (int)(time / 86400) + 719468, seconds = (int)(time % 86400);
    int era = days / 146097, day = days % 146097;
    int year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    int day_of_year = day - (365 * year + year / 4 - year / 100);
    int month = (5 * day_of_year + 2) / 153; /* 0: March */

    tm_buf->tm_mday = day_of_year - (153 * month + 2) / 5 + 1;
    tm_buf->tm_mon = month < 10 ? month + 2 : month - 10;
    tm_buf->tm_year = year + era * 400 + (month >= 10) - 1900;
    tm_buf->tm_hour = seconds / 3600;
    tm_buf->tm_min = seconds / 60 % 60;
    tm_buf->tm_sec = seconds % 60;
    return tm_buf;
}

#endif
