/* SPDX-License-Identifier: Apache-2.0 */
#include "browser.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { COMMAND_MAX = 512, WORDS = 16 };

static void use_null_files(void)
{
    int null = open("/dev/null", O_RDWR);

    for (int fd = STDIN_FILENO; null >= 0 && fd <= STDERR_FILENO; fd++)
        (void)dup2(null, fd);
    if (null > STDERR_FILENO)
        (void)close(null);
}

/* In a child: a grandchild becomes the browser, so that it need not be waited for. What exec
 * reports comes through the pipe. */
static void become(char *const words[], int report)
{
    pid_t pid = fork();

    if (pid == 0) {
        (void)setsid();
        use_null_files();
        execvp(words[0], words);
        (void)!write(report, "x", 1);
    }
    _exit(pid < 0);
}

static bool start(char *const words[])
{
    int ends[2], status = 0;
    char failed;

    if (pipe(ends) != 0)
        return false;
    (void)fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    (void)fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    pid_t pid = fork();

    if (pid == 0)
        become(words, ends[1]);
    close(ends[1]);
    bool good =
        pid > 0 && waitpid(pid, &status, 0) == pid && status == 0 && read(ends[0], &failed, 1) == 0;

    close(ends[0]);
    return good;
}

/* Starts a command of words between spaces; %s among them is the address, else it comes last. */
static bool start_command(const char *command, size_t len, const char *url)
{
    char text[COMMAND_MAX], address[COMMAND_MAX], *words[WORDS + 2], *save = NULL;
    int count = 0;
    bool has_url = false;

    if (len == 0 || len >= sizeof text || strlen(url) >= sizeof address)
        return false;
    snprintf(text, sizeof text, "%.*s", (int)len, command);
    strcpy(address, url);
    for (char *word = strtok_r(text, " ", &save); word != NULL && count < WORDS;
         word = strtok_r(NULL, " ", &save)) {
        bool is_url = strcmp(word, "%s") == 0;

        has_url = has_url || is_url;
        words[count++] = is_url ? address : word;
    }
    if (!has_url)
        words[count++] = address;
    words[count] = NULL;
    return count > 1 && start(words);
}

/* $BROWSER is a list: the first that starts. */
static bool start_first(const char *list, const char *url)
{
    while (*list != '\0') {
        size_t len = strcspn(list, ":");

        if (start_command(list, len, url))
            return true;
        list += len + (list[len] == ':');
    }
    return false;
}

static bool has_desktop(void)
{
#ifdef __APPLE__
    return true;
#else
    return getenv("DISPLAY") != NULL || getenv("WAYLAND_DISPLAY") != NULL;
#endif
}

bool tk_browser_open(const char *url)
{
#ifdef __APPLE__
    static const char desktop[] = "open";
#else
    static const char desktop[] = "xdg-open:gio open";
#endif
    const char *browser = getenv("BROWSER");

    if (browser != NULL && *browser != '\0')
        return start_first(browser, url);
    return has_desktop() && start_first(desktop, url);
}
