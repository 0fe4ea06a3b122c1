/* SPDX-License-Identifier: Apache-2.0 */
#include "host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool join(char out[TK_HOST_PATH], const char *dir, const char *file)
{
    int len = snprintf(out, TK_HOST_PATH, "%s%s", dir, file);

    if (len > 0 && len < TK_HOST_PATH)
        return true;
    tk_host_message(len == 0 ? "a path is empty" : "path too long: %s...", dir);
    return false;
}

static const char *environment(const char *name)
{
    const char *value = getenv(name);

    return value == NULL || value[0] == '\0' ? NULL : value;
}

static bool state_path(char out[TK_HOST_PATH], const char *file)
{
    char full[64];

    if (environment("XDG_STATE_HOME") != NULL)
        return join(out, environment("XDG_STATE_HOME"), file);
    if (environment("HOME") != NULL) {
        snprintf(full, sizeof full, "/.local/state%s", file);
        return join(out, environment("HOME"), full);
    }
    tk_host_message("neither XDG_STATE_HOME nor HOME is set; use --flash and --socket");
    return false;
}

bool tk_host_flash_path(const struct tk_options *options, char out[TK_HOST_PATH])
{
    if (options->flash != NULL)
        return join(out, options->flash, "");
    if (geteuid() == 0)
        return join(out, "/var/lib/tokenkeeper/flash.bin", "");
    return state_path(out, "/tokenkeeper/flash.bin");
}

bool tk_host_socket_path(const struct tk_options *options, char out[TK_HOST_PATH])
{
    if (options->socket != NULL)
        return join(out, options->socket, "");
    if (environment("TOKENKEEPER_SOCKET") != NULL)
        return join(out, environment("TOKENKEEPER_SOCKET"), "");
    if (geteuid() == 0)
        return join(out, "/run/tokenkeeper/socket", "");
    if (environment("XDG_RUNTIME_DIR") != NULL)
        return join(out, environment("XDG_RUNTIME_DIR"), "/tokenkeeper/socket");
    return state_path(out, "/tokenkeeper/socket");
}

bool tk_host_admin_path(const struct tk_options *options, char out[TK_HOST_PATH])
{
    char beside[TK_HOST_PATH];

    if (options->admin != NULL)
        return join(out, options->admin, "");
    if (options->socket == NULL && environment("TOKENKEEPER_ADMIN") != NULL)
        return join(out, environment("TOKENKEEPER_ADMIN"), "");
    if (!tk_host_socket_path(options, beside))
        return false;
    char *slash = strrchr(beside, '/');

    if (slash == NULL)
        return join(out, "admin", "");
    slash[1] = '\0';
    return join(out, beside, "admin");
}

bool tk_host_make_parents(const char *path, unsigned mode)
{
    char dir[TK_HOST_PATH];

    if (!join(dir, path, ""))
        return false;
    for (char *slash = strchr(dir + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(dir, mode) != 0 && errno != EEXIST) {
            tk_host_message("cannot create %s: %s", dir, strerror(errno));
            return false;
        }
        *slash = '/';
    }
    return true;
}
