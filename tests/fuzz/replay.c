/* SPDX-License-Identifier: Apache-2.0 */

/* Runs a target once for each file, and for each file in the folders, of the command line: the
 * corpus as a test, with any compiler and under valgrind. */

#include "fuzz.h"

#include <dirent.h>
#include <sys/stat.h>

static unsigned runs;

static void run_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    static uint8_t data[1 << 20];
    size_t size;

    CHECK(f != NULL);
    size = fread(data, 1, sizeof data, f);
    fclose(f);
    uint8_t *exact = malloc(size + (size == 0)); /* so that a sanitizer sees its end */

    CHECK(exact != NULL);
    memcpy(exact, data, size);
    (void)LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    runs++;
}

static void run_path(const char *path)
{
    struct stat st;
    struct dirent *entry;
    DIR *folder;

    CHECK(stat(path, &st) == 0);
    if (!S_ISDIR(st.st_mode)) {
        run_file(path);
        return;
    }
    folder = opendir(path);
    CHECK(folder != NULL);
    while ((entry = readdir(folder)) != NULL) {
        char inside[4096];

        snprintf(inside, sizeof inside, "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.')
            run_file(inside);
    }
    closedir(folder);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        run_path(argv[i]);
    printf("%u inputs\n", runs);
    return runs > 0 ? 0 : 1;
}
