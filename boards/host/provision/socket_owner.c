/* SPDX-License-Identifier: Apache-2.0 */
#include "socket_owner.h"

#include <ctype.h>
#include <dirent.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LISTENS = 0x0a, ROW = 256 };

/* A row of /proc/net/tcp and tcp6. */
struct row {
    char address[33]; /* local, in hexadecimal; words of 32 bits in the machine's order */
    unsigned port, to, state, uid;
    unsigned long inode;
};

static bool parse_row(const char *line, struct row *row)
{
    return sscanf(line, " %*u: %32[0-9A-F]:%x %*[0-9A-F]:%x %x %*x:%*x %*x:%*x %*x %u %*u %lu",
                  row->address, &row->port, &row->to, &row->state, &row->uid, &row->inode) == 6;
}

/* The last 32 bits of an address as those files write it: they tell loopback addresses apart. */
static void write_address(const struct sockaddr *at, char out[9], unsigned *port)
{
    unsigned word;

    if (at->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)at;

        memcpy(&word, &v4->sin_addr, sizeof word);
        *port = ntohs(v4->sin_port);
    } else {
        const struct sockaddr_in6 *v6 = (const void *)at;

        memcpy(&word, v6->sin6_addr.s6_addr + 12, sizeof word);
        *port = ntohs(v6->sin6_port);
    }
    snprintf(out, 9, "%08X", word);
}

/* An address of all zeroes listens at every one. */
static bool is_address(const struct row *row, const char *tail)
{
    size_t len = strlen(row->address);

    return len >= 8 && (strcmp(row->address + len - 8, tail) == 0 ||
                        (row->state == LISTENS && strspn(row->address, "0") == len));
}

/* to 0: a socket that listens. */
static bool find(const char *path, const struct sockaddr *at, unsigned to, struct row *row)
{
    char line[ROW], tail[9];
    unsigned port;
    bool found = false;
    FILE *file = fopen(path, "re");

    if (file == NULL)
        return false;
    write_address(at, tail, &port);
    while (!found && fgets(line, sizeof line, file) != NULL)
        found = parse_row(line, row) && row->port == port && row->to == to &&
                (to != 0 || row->state == LISTENS) && is_address(row, tail);
    fclose(file);
    return found;
}

static bool find_any(const struct sockaddr *at, unsigned to, struct row *row)
{
    return find("/proc/net/tcp6", at, to, row) || find("/proc/net/tcp", at, to, row);
}

bool tk_socket_owner(const struct sockaddr *from, unsigned to, uid_t *owner)
{
    struct row row;

    if (!find_any(from, to, &row))
        return false;
    *owner = (uid_t)row.uid;
    return true;
}

void tk_user_name(uid_t user, char *out, size_t size)
{
    const struct passwd *known = getpwuid(user);

    if (known != NULL)
        snprintf(out, size, "%s", known->pw_name);
    else
        snprintf(out, size, "%lu", (unsigned long)user);
}

/* Whether a descriptor of the process is this socket; other users' are not readable. */
static bool has_socket(const char *pid, unsigned long inode)
{
    char path[512], wanted[64], link[64];
    struct dirent *entry;
    bool found = false;

    snprintf(path, sizeof path, "/proc/%.20s/fd", pid);
    DIR *dir = opendir(path);

    if (dir == NULL)
        return false;
    snprintf(wanted, sizeof wanted, "socket:[%lu]", inode);
    while (!found && (entry = readdir(dir)) != NULL) {
        snprintf(path, sizeof path, "/proc/%.20s/fd/%.20s", pid, entry->d_name);
        ssize_t n = readlink(path, link, sizeof link - 1);

        link[n > 0 ? n : 0] = '\0';
        found = strcmp(link, wanted) == 0;
    }
    closedir(dir);
    return found;
}

static bool find_process(unsigned long inode, char pid[21])
{
    struct dirent *entry;
    DIR *dir = opendir("/proc");
    bool found = false;

    while (!found && dir != NULL && (entry = readdir(dir)) != NULL) {
        found = isdigit((unsigned char)entry->d_name[0]) && has_socket(entry->d_name, inode);
        if (found)
            snprintf(pid, 21, "%.20s", entry->d_name);
    }
    if (dir != NULL)
        closedir(dir);
    return found;
}

static void read_name(const char *pid, char out[32])
{
    char path[64];

    snprintf(path, sizeof path, "/proc/%.20s/comm", pid);
    FILE *file = fopen(path, "re");

    if (file == NULL || fgets(out, 32, file) == NULL)
        strcpy(out, "a program");
    out[strcspn(out, "\n")] = '\0';
    if (file != NULL)
        fclose(file);
}

void tk_socket_listener(const struct sockaddr *at, char *out, size_t size)
{
    struct row row;
    char pid[21], name[32], user[64];

    if (!find_any(at, 0, &row)) {
        snprintf(out, size, "another program");
        return;
    }
    tk_user_name((uid_t)row.uid, user, sizeof user);
    if (find_process(row.inode, pid)) {
        read_name(pid, name);
        snprintf(out, size, "%s (pid %s, user %s)", name, pid, user);
    } else {
        snprintf(out, size, "a program of user %s", user);
    }
}
