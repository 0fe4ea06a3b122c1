/* SPDX-License-Identifier: Apache-2.0 */
#include "provision.h"

#include "ask_secret.h"
#include "private_file.h"
#include "tk_wipe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Reads to the end of the file, or of the line. */
static bool read_line(int fd, char out[TK_SECRET_SIZE])
{
    size_t len = 0;
    ssize_t n = 1;

    while (n > 0 && len < TK_SECRET_SIZE - 1 && memchr(out, '\n', len) == NULL) {
        n = read(fd, out + len, TK_SECRET_SIZE - 1 - len);
        if (n > 0)
            len += (size_t)n;
        else if (n < 0 && errno == EINTR)
            n = 1;
    }
    out[len] = '\0';
    bool whole = len < TK_SECRET_SIZE - 1;

    out[strcspn(out, "\r\n")] = '\0';
    return whole && n >= 0 && *out != '\0';
}

bool tk_secret_read_fd(const char *number, char out[TK_SECRET_SIZE])
{
    char *end;
    long fd = strtol(number, &end, 10);

    if (*number != '\0' && *end == '\0' && fd >= 0 && fd < 1024 && read_line((int)fd, out))
        return true;
    tk_host_message("--secret-fd %s: no secret of one line can be read there", number);
    return false;
}

bool tk_secret_read_file(const char *path, char out[TK_SECRET_SIZE])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool good;

    if (fd < 0) {
        tk_host_message("cannot open %s: %s", path, strerror(errno));
        return false;
    }
    good = tk_host_is_private(fd, path);
    if (good && !read_line(fd, out)) {
        tk_host_message("%s does not hold a secret of one line", path);
        good = false;
    }
    close(fd);
    return good;
}

const char *tk_secret_of(struct tk_secrets *s, const char *client_id)
{
    char question[TK_CLIENT_ID_MAX + 64];

    if (s->is_given)
        return s->given;
    for (size_t i = 0; i < s->count; i++) {
        if (strcmp(s->known[i].client_id, client_id) == 0)
            return s->known[i].secret;
    }
    if (s->count == TK_SECRETS || s->is_closed)
        return NULL;
    snprintf(question, sizeof question, "client_secret of %s (not shown): ", client_id);
    if (!tk_ask_secret(question, s->known[s->count].secret, TK_SECRET_SIZE))
        tk_provision_interrupted = tk_provision_interrupted || errno == EINTR;
    if (s->known[s->count].secret[0] == '\0')
        return NULL;
    snprintf(s->known[s->count].client_id, sizeof s->known[0].client_id, "%s", client_id);
    return s->known[s->count++].secret;
}

bool tk_prompt(const char *question, char *out, size_t size)
{
    if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
        return false;
    fputs(question, stderr);
    if (fgets(out, (int)size, stdin) == NULL) {
        fputs("\n", stderr);
        return false;
    }
    size_t before = strspn(out, " \t"), len = strlen(out);

    while (len > before && strchr(" \t\r\n", out[len - 1]) != NULL)
        len--;
    memmove(out, out + before, len - before);
    out[len - before] = '\0';
    return true;
}
