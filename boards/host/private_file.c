/* SPDX-License-Identifier: Apache-2.0 */
#include "private_file.h"

#include "host.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Root or this user owns it, and others cannot write it. */
static bool only_owner_writes(const struct stat *st)
{
    return (st->st_uid == 0 || st->st_uid == geteuid()) && (st->st_mode & 022) == 0;
}

bool tk_host_is_private(int fd, const char *path)
{
    struct stat st;

    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077) == 0)
        return true;
    tk_host_message("%s must be a regular file with mode 0600 or 0400", path);
    return false;
}

bool tk_host_only_owner_writes(int fd, const char *path)
{
    struct stat st;

    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && only_owner_writes(&st))
        return true;
    tk_host_message("%s must be a regular file of root or of this user that others cannot write "
                    "(chmod go-w)",
                    path);
    return false;
}

bool tk_host_only_owner_creates(const char *path)
{
    char dir[TK_HOST_PATH];
    struct stat st;
    const char *slash = strrchr(path, '/');
    int len = slash == NULL || slash == path ? 1 : (int)(slash - path);

    snprintf(dir, sizeof dir, "%.*s", len, slash == NULL ? "." : path);
    if (stat(dir, &st) == 0 && S_ISDIR(st.st_mode) && only_owner_writes(&st))
        return true;
    tk_host_message("the directory %s of the administrators' socket must belong to root or to this "
                    "user, and others must not be able to write it (chmod go-w)",
                    dir);
    return false;
}
