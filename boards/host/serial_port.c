/* SPDX-License-Identifier: Apache-2.0 */
#include "serial_port.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

enum { PATH_SIZE = 512, PROCESSES_MAX = 65536, FILES_MAX = 1024 };

/* --- opening --- */

static bool find_speed(unsigned baud, speed_t *speed)
{
    static const struct {
        unsigned baud;
        speed_t speed;
    } speeds[] = {{9600, B9600},   {19200, B19200},   {38400, B38400},
                  {57600, B57600}, {115200, B115200}, {230400, B230400}};

    for (size_t i = 0; i < sizeof speeds / sizeof speeds[0]; i++) {
        *speed = speeds[i].speed;
        if (speeds[i].baud == baud)
            return true;
    }
    errno = EINVAL;
    return false;
}

static bool set_line(int fd, speed_t speed)
{
    struct termios line;

    if (tcgetattr(fd, &line) != 0)
        return false;
    cfmakeraw(&line);
    line.c_cflag &= ~(tcflag_t)(CSIZE | CSTOPB | PARENB | CRTSCTS | HUPCL);
    line.c_cflag |= CS8 | CREAD | CLOCAL;
    line.c_iflag &= ~(tcflag_t)(IXON | IXOFF | IXANY);
    line.c_cc[VMIN] = 1;
    line.c_cc[VTIME] = 0;
    return cfsetspeed(&line, speed) == 0 && tcsetattr(fd, TCSANOW, &line) == 0;
}

/* TIOCEXCL keeps out other users, the lock other programs of root, for whom that has no effect. */
static bool take(int fd, speed_t speed)
{
    if (!set_line(fd, speed))
        return false;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        errno = errno == EWOULDBLOCK ? EBUSY : errno;
        return false;
    }
    return ioctl(fd, TIOCEXCL) == 0;
}

static int close_for(int fd)
{
    int why = errno;

    close(fd);
    errno = why;
    return -1;
}

/* An emulator's serial port is a socket. */
static int connect_to(const char *path)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    if (fd < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 || fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
        return fd < 0 ? fd : close_for(fd);
    if (strlen(path) < sizeof to.sun_path) {
        strcpy(to.sun_path, path);
        if (connect(fd, (const struct sockaddr *)&to, sizeof to) == 0)
            return fd;
    }
    errno = errno == EAGAIN ? EBUSY : ENOENT;
    return close_for(fd);
}

int tk_serial_open(const char *path, unsigned baud)
{
    speed_t speed;
    struct stat st;
    int fd = -1;

    if (!find_speed(baud, &speed))
        return -1;
    if (stat(path, &st) == 0 && S_ISSOCK(st.st_mode))
        return connect_to(path);
    fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    return fd < 0 || take(fd, speed) ? fd : close_for(fd);
}

/* --- what is wrong with one --- */

static bool read_text(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);

    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return n > 0;
}

/* Whether a file in the directory of descriptors is this device. */
static bool has_open(const char *files, dev_t device)
{
    char path[PATH_SIZE];
    const struct dirent *entry;
    DIR *dir = opendir(files);
    bool found = false;
    struct stat st;

    for (int i = 0; dir != NULL && !found && i < FILES_MAX && (entry = readdir(dir)) != NULL; i++) {
        int len = snprintf(path, sizeof path, "%s/%s", files, entry->d_name);

        found = len > 0 && (size_t)len < sizeof path && stat(path, &st) == 0 &&
                S_ISCHR(st.st_mode) && st.st_rdev == device;
    }
    if (dir != NULL)
        closedir(dir);
    return found;
}

/* The name and number of another process that has the device open, as far as this user may see
 * that; "another program" otherwise. */
static void find_holder(const char *device, char *holder, size_t size)
{
    char path[PATH_SIZE], name[64];
    const struct dirent *entry;
    struct stat st;
    DIR *dir = stat(device, &st) == 0 ? opendir("/proc") : NULL;

    snprintf(holder, size, "another program");
    for (int i = 0; dir != NULL && i < PROCESSES_MAX && (entry = readdir(dir)) != NULL; i++) {
        long pid = strtol(entry->d_name, NULL, 10);

        snprintf(path, sizeof path, "/proc/%ld/fd", pid);
        if (pid <= 0 || pid == (long)getpid() || !has_open(path, st.st_rdev))
            continue;
        snprintf(path, sizeof path, "/proc/%ld/comm", pid);
        if (read_text(path, name, sizeof name))
            snprintf(holder, size, "%s (process %ld)", name, pid);
        break;
    }
    if (dir != NULL)
        closedir(dir);
}

static void explain_access(const char *path, char *words, size_t size)
{
    struct stat st;
    const struct group *group = stat(path, &st) == 0 ? getgrgid(st.st_gid) : NULL;

    if (group == NULL || (st.st_mode & S_IRWXG) == 0)
        snprintf(words, size, "no permission for %s; run this command as root", path);
    else
        snprintf(words, size,
                 "no permission for %s: its group is %s; run usermod -aG %s $USER as root, then "
                 "log in again",
                 path, group->gr_name, group->gr_name);
}

void tk_serial_explain(const char *path, int error, char *words, size_t size)
{
    char holder[96];

    switch (error) {
    case EACCES:
    case EPERM:
        explain_access(path, words, size);
        break;
    case EBUSY:
        find_holder(path, holder, sizeof holder);
        snprintf(words, size, "%s is in use by %s; close that, then repeat", path, holder);
        break;
    case ENOENT:
    case ENODEV:
    case ENXIO:
        snprintf(words, size, "%s is not there; check the cable, then ls /dev/serial/by-id", path);
        break;
    case ENOTTY:
        snprintf(words, size, "%s is not a serial port", path);
        break;
    default:
        snprintf(words, size, "cannot use %s: %s", path, strerror(error));
    }
}

/* --- which there are --- */

/* A slot of the 8250 driver without a chip says type 0; other drivers have no such file. */
static bool is_real(const char *sys, const char *name)
{
    char path[PATH_SIZE], type[16];

    snprintf(path, sizeof path, "%s/%s/device/driver", sys, name);
    if (access(path, F_OK) != 0)
        return false;
    snprintf(path, sizeof path, "%s/%s/type", sys, name);
    return !read_text(path, type, sizeof type) || strcmp(type, "0") != 0;
}

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

size_t tk_serial_list(const char *sys, const char *dev, char paths[TK_SERIAL_PORTS][TK_SERIAL_NAME])
{
    DIR *dir = opendir(sys);
    bool has_sysfs = dir != NULL;
    const struct dirent *entry;
    size_t count = 0;

    if (!has_sysfs)
        dir = opendir(dev);
    while (dir != NULL && count < TK_SERIAL_PORTS && (entry = readdir(dir)) != NULL) {
        const char *name = entry->d_name;

        if (has_sysfs ? name[0] == '.' || !is_real(sys, name) : strncmp(name, "cu.", 3) != 0)
            continue;
        int len = snprintf(paths[count], TK_SERIAL_NAME, "%s/%s", dev, name);

        count += len > 0 && len < TK_SERIAL_NAME;
    }
    if (dir != NULL)
        closedir(dir);
    qsort(paths, count, TK_SERIAL_NAME, compare);
    return count;
}
