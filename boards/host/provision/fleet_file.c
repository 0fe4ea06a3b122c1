/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet.h"

#include "private_file.h"
#include "tk_posix.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- columns --- */

static const char *const result_columns[] = {"state", "generation", "user_id", "at", "error"};

static bool refuse(const struct tk_fleet *fleet, const char *what, const char *name)
{
    tk_host_message("%s: %s '%s'; nothing was done", fleet->p->from, what, name);
    return false;
}

static bool judge_columns(const struct tk_fleet *fleet, int fd)
{
    const struct tk_csv *c = &fleet->csv;
    bool has_secret = false;

    for (size_t i = 0; i < c->columns; i++) {
        const char *name = tk_csv_cell(c, 0, i);

        if (strcmp(name, "client_secret") == 0)
            return refuse(fleet, "give the secret with --secret-file, not in column", name);
        if (!tk_plan_is_column(name))
            return refuse(fleet, "unknown column", name);
        if (tk_csv_column(c, name) != i)
            return refuse(fleet, "there are two columns", name);
        has_secret = has_secret || tk_plan_is_secret(name);
    }
    return !has_secret || tk_host_is_private(fd, fleet->p->from);
}

/* --- rows --- */

static bool make_plan(struct tk_fleet *fleet, size_t i)
{
    const struct tk_csv *c = &fleet->csv;
    struct tk_plan *plan = &fleet->plans[i];
    const struct tk_plan *all = &fleet->p->plan;
    bool good = true;

    for (size_t k = 0; good && k < c->columns; k++)
        good = tk_plan_add(plan, tk_csv_cell(c, 0, k), tk_csv_cell(c, i + 1, k));
    for (size_t k = 0; good && k < all->count; k++) {
        if (tk_plan_value(plan, all->values[k].key) == NULL)
            good = tk_plan_add(plan, all->values[k].key, all->values[k].value);
    }
    return good || refuse(fleet, "too many values for", tk_csv_cell(c, i + 1, 0));
}

static const char *value_or(const struct tk_plan *plan, const char *key, const char *otherwise)
{
    const char *value = tk_plan_value(plan, key);

    return value != NULL ? value : otherwise;
}

/* Whether both have this key, with the same value. */
static bool share(const struct tk_plan *a, const struct tk_plan *b, const char *key)
{
    const char *value = tk_plan_value(a, key);

    return value != NULL && strcmp(value, value_or(b, key, "")) == 0;
}

/* Two gateways that write to one task of Corezoid overwrite each other's token. */
static bool share_task(const struct tk_plan *a, const struct tk_plan *b)
{
    static const char ref[] = "corezoid_token_ref", url[] = "corezoid_token_url";
    const char *of_a = value_or(a, ref, value_or(a, "account", "token"));
    const char *of_b = value_or(b, ref, value_or(b, "account", "token"));

    return share(a, b, "corezoid_token_conv") && strcmp(of_a, of_b) == 0 &&
           strcmp(value_or(a, url, ""), value_or(b, url, "")) == 0;
}

static bool judge_pair(const struct tk_fleet *fleet, size_t i, size_t j)
{
    const struct tk_plan *a = &fleet->plans[i], *b = &fleet->plans[j];
    const char *shared = share(a, b, "gateway") ? tk_plan_value(a, "gateway")
                         : share(a, b, "serial") && !tk_is_pattern(tk_plan_value(a, "serial"))
                             ? tk_plan_value(a, "serial")
                             : NULL;
    bool same_account =
        strcmp(value_or(a, "account", "token"), value_or(b, "account", "token")) == 0;

    if (shared != NULL && same_account)
        return refuse(fleet, "two rows are of gateway", shared);
    if (share_task(a, b))
        return refuse(fleet, "two rows write to one task of corezoid_token_conv",
                      tk_plan_value(a, "corezoid_token_conv"));
    return true;
}

static bool make_plans(struct tk_fleet *fleet)
{
    for (size_t i = 0; i < fleet->count; i++) {
        if (!make_plan(fleet, i))
            return false;
    }
    for (size_t i = 0; i < fleet->count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (!judge_pair(fleet, j, i))
                return false;
        }
    }
    return true;
}

/* --- results --- */

/* Whether row r of the results is of the gateway i: all that is not secret is the same. */
static bool is_of(const struct tk_fleet *fleet, size_t i, const struct tk_csv *results, size_t r)
{
    const struct tk_csv *c = &fleet->csv;

    for (size_t k = 0; k < c->columns; k++) {
        const char *name = tk_csv_cell(c, 0, k);
        size_t column = tk_csv_column(results, name);

        if (!tk_plan_is_secret(name) &&
            (column == results->columns ||
             strcmp(tk_csv_cell(results, r, column), tk_csv_cell(c, i + 1, k)) != 0))
            return false;
    }
    return true;
}

static void copy_cell(const struct tk_csv *c, size_t row, const char *name, char *out, size_t size)
{
    size_t column = tk_csv_column(c, name);

    if (column < c->columns)
        snprintf(out, size, "%s", tk_csv_cell(c, row, column));
}

static void take_result(struct tk_fleet *fleet, const struct tk_csv *results, size_t r)
{
    char state[16] = "";

    copy_cell(results, r, "state", state, sizeof state);
    for (size_t i = 0; i < fleet->count && strcmp(state, "ready") == 0; i++) {
        struct tk_fleet_result *result = &fleet->results[i];

        if (result->is_ready || !is_of(fleet, i, results, r))
            continue;
        result->is_ready = true;
        copy_cell(results, r, "found", result->gateway, sizeof result->gateway);
        copy_cell(results, r, "generation", result->generation, sizeof result->generation);
        copy_cell(results, r, "user_id", result->user_id, sizeof result->user_id);
        copy_cell(results, r, "at", result->at, sizeof result->at);
        return;
    }
}

static bool load_results(struct tk_fleet *fleet)
{
    struct tk_csv results = {.rows = 0};
    char why[160];
    int fd = open(fleet->path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return errno == ENOENT || refuse(fleet, "cannot open the results", fleet->path);
    bool good = tk_csv_read(&results, fd, why, sizeof why);

    close(fd);
    for (size_t r = 1; good && r < results.rows; r++)
        take_result(fleet, &results, r);
    tk_csv_free(&results);
    return good || refuse(fleet, why, fleet->path);
}

static void print_row(const struct tk_fleet *fleet, FILE *out, size_t i)
{
    const struct tk_csv *c = &fleet->csv;
    const struct tk_fleet_result *r = &fleet->results[i];
    const char *values[] = {r->is_ready      ? "ready"
                            : r->exit != 0   ? "failed"
                            : r->is_prepared ? "set_up"
                                             : "",
                            r->generation, r->user_id, r->at, r->code};

    for (size_t k = 0; k < c->columns; k++) {
        tk_csv_print(out, tk_plan_is_secret(tk_csv_cell(c, 0, k)) ? "" : tk_csv_cell(c, i + 1, k));
        putc(',', out);
    }
    tk_csv_print(out, r->gateway);
    for (size_t k = 0; k < sizeof values / sizeof values[0]; k++) {
        putc(',', out);
        tk_csv_print(out, values[k]);
    }
    putc('\n', out);
}

static bool print_all(const struct tk_fleet *fleet, FILE *out)
{
    for (size_t k = 0; k < fleet->csv.columns; k++) {
        tk_csv_print(out, tk_csv_cell(&fleet->csv, 0, k));
        putc(',', out);
    }
    fputs("found", out);
    for (size_t k = 0; k < sizeof result_columns / sizeof result_columns[0]; k++)
        fprintf(out, ",%s", result_columns[k]);
    putc('\n', out);
    for (size_t i = 0; i < fleet->count; i++)
        print_row(fleet, out, i);
    return fflush(out) == 0 && fsync(fileno(out)) == 0;
}

bool tk_fleet_save(const struct tk_fleet *fleet)
{
    char fresh[TK_HOST_PATH + 8];

    snprintf(fresh, sizeof fresh, "%s.new", fleet->path);
    (void)unlink(fresh);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
    bool good = out != NULL && print_all(fleet, out);

    if (out != NULL)
        good = fclose(out) == 0 && good;
    good = good && rename(fresh, fleet->path) == 0 && tk_posix_sync_directory(fleet->path) == 0;
    if (!good)
        tk_host_message("cannot write %s: %s", fleet->path, strerror(errno));
    return good;
}

bool tk_fleet_knows(const struct tk_fleet *fleet, const char *gateway)
{
    for (size_t i = 0; i < fleet->count; i++) {
        const char *named = tk_plan_value(&fleet->plans[i], "gateway");

        if (strcmp(fleet->results[i].gateway, gateway) == 0 ||
            (named != NULL && strcmp(named, gateway) == 0))
            return true;
    }
    return false;
}

/* --- all of it --- */

static bool allocate(struct tk_fleet *fleet)
{
    void *shared;

    fleet->count = fleet->csv.rows - 1;
    fleet->plans = calloc(fleet->count, sizeof fleet->plans[0]);
    shared = mmap(NULL, fleet->count * sizeof fleet->results[0], PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    fleet->results = shared == MAP_FAILED ? NULL : shared;
    return (fleet->plans != NULL && fleet->results != NULL) || refuse(fleet, "no memory for", "it");
}

static bool read_file(struct tk_fleet *fleet)
{
    char why[160];
    int fd = open(fleet->p->from, O_RDONLY | O_CLOEXEC);
    bool good;

    if (fd < 0)
        return refuse(fleet, "cannot be opened:", strerror(errno));
    good = tk_csv_read(&fleet->csv, fd, why, sizeof why);
    if (!good)
        tk_host_message("%s: %s; nothing was done", fleet->p->from, why);
    good = good && judge_columns(fleet, fd);
    close(fd);
    return good;
}

static bool find_path(struct tk_fleet *fleet)
{
    const char *from = fleet->p->from, *result = fleet->p->result;
    size_t len = strlen(from);
    size_t stem = len > 4 && strcmp(from + len - 4, ".csv") == 0 ? len - 4 : len;
    int n = result != NULL
                ? snprintf(fleet->path, sizeof fleet->path, "%s", result)
                : snprintf(fleet->path, sizeof fleet->path, "%.*s.result.csv", (int)stem, from);

    return (n > 0 && (size_t)n < sizeof fleet->path) || refuse(fleet, "path too long:", from);
}

int tk_fleet_load(struct tk_fleet *fleet)
{
    return find_path(fleet) && read_file(fleet) && allocate(fleet) && make_plans(fleet) &&
                   load_results(fleet)
               ? TK_EXIT_OK
               : TK_EXIT_USAGE;
}

void tk_fleet_free(struct tk_fleet *fleet)
{
    if (fleet->results != NULL)
        (void)munmap(fleet->results, fleet->count * sizeof fleet->results[0]);
    free(fleet->plans);
    tk_csv_free(&fleet->csv);
}
