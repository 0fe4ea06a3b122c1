/* SPDX-License-Identifier: Apache-2.0 */

/* `tokenkeeper call METHOD --all`: the rows of a list, one a line, as they come. */

#include "call.h"
#include "call_job.h"
#include "call_rows.h"
#include "tk_string.h"
#include "tokenkeeper.h"

#include <stdio.h>
#include <string.h>

enum { PAGE_ROWS = 50 };

struct pages {
    struct tk_call_job *job;
    const char *id_key;
    const char *items_key; /* NULL: the first list in the result */
    uint64_t limit, rows;
    uint64_t last_id;
    struct tk_buffer row;

    /* of the current page */
    const char *error; /* why it cannot go on */
    bool is_list;      /* the rows have begun ... */
    bool has_ended;    /* ... and ended */
    bool has_members;  /* the result is an object, whose first member has begun */
    unsigned row_depth;
    unsigned count;
    bool is_sorted;   /* every row has a later ID than the one before */
    uint64_t page_id; /* the last one on it */
};

/* --- finding the rows --- */

static struct pages *pages_of(const struct tk_walk *w)
{
    const struct tk_call_job *job = w->owner;

    return job->form;
}

static void stop(struct pages *p, const char *error)
{
    p->error = error;
    p->job->stopped = true;
}

/* Whether the list that begins has the rows: it is the result, its first member or the one that was
 * named. */
static bool is_list_of_rows(struct pages *p, const struct tk_walk *w)
{
    bool is_first = !p->has_members;

    if (w->depth != 2)
        return w->depth == 1;
    p->has_members = true;
    return p->items_key != NULL ? strcmp(w->names[1], p->items_key) == 0 : is_first;
}

static bool begin_value(struct tk_walk *w, char first)
{
    struct pages *p = pages_of(w);

    if (p->is_list && !p->has_ended && w->depth == p->row_depth) {
        if (first != '{')
            stop(p, "the list in the result has no rows; name another one with --items-key, or "
                    "call without --all");
        return true;
    }
    if (p->is_list || w->depth == 0 || strcmp(w->names[0], "result") != 0)
        return false;
    if (w->depth == 1 && (first == 'f' || first == 'n'))
        p->is_list = p->has_ended = true; /* false or null: nothing was found */
    if (!is_list_of_rows(p, w) || first != '[')
        return false;
    p->is_list = true;
    p->row_depth = w->depth + 1;
    return false;
}

static void close_list(struct tk_walk *w)
{
    struct pages *p = pages_of(w);

    p->has_ended |= p->is_list && w->depth < p->row_depth;
}

/* --- a row --- */

static void note_id(struct pages *p)
{
    uint64_t id;

    if (!tk_rows_id(p->row.bytes, p->row.len, p->id_key, &id)) {
        p->is_sorted = false;
        return;
    }
    if (id <= p->last_id) {
        stop(p, "the method does not filter by ID, so that --all would never end");
        return;
    }
    p->is_sorted &= id > p->page_id;
    p->page_id = id;
}

static void print_row(struct pages *p)
{
    note_id(p);
    if (p->job->stopped)
        return;
    p->count++;
    p->rows++;
    (void)tk_print_add(&p->job->out, p->row.bytes, p->row.len);
    (void)tk_print_add(&p->job->out, "\n", 1);
    tk_print_count(&p->job->out, p->rows);
    p->job->stopped = p->rows == p->limit;
}

static void take_row(struct tk_walk *w, const char *bytes, size_t len, bool is_end)
{
    struct pages *p = pages_of(w);

    if (p->job->stopped)
        return;
    tk_buffer_addn(&p->row, bytes, len);
    if (!tk_buffer_ok(&p->row))
        stop(p, "a row is too large for --all");
    else if (is_end)
        print_row(p);
    if (is_end)
        tk_buffer_cut(&p->row, 0);
}

/* --- pages --- */

static int fail(struct pages *p, const char *words)
{
    (void)tk_print_flush(&p->job->out);
    tk_print_clear(&p->job->out);
    tk_host_message("%s", words);
    return TK_EXIT_USAGE;
}

/* Whether there may be another page. Some methods have shorter ones, and say so. */
static bool is_followed(const struct pages *p)
{
    return p->rows != p->limit && (p->count >= PAGE_ROWS || (p->count > 0 && p->job->has_next));
}

/* After a whole page: whether the next one can be asked for. */
static const char *check_page(const struct pages *p)
{
    if (p->error != NULL)
        return p->error;
    if (!p->is_list)
        return "there is no list in the result; name it with --items-key, or call without --all";
    if (is_followed(p) && !p->is_sorted)
        return "the rows are not sorted by a numeric ID; name it with --id-key, or call without "
               "--all";
    return NULL;
}

static int run_page(struct pages *p, const char *method, const struct tk_rows_body *template)
{
    struct tk_buffer body = {.max = 3 * TK_CALL_BODY_MAX};
    char id[24];
    int status;

    (void)snprintf(id, sizeof id, "%llu", (unsigned long long)p->last_id);
    tk_buffer_addn(&body, template->before.bytes, template->before.len);
    tk_buffer_add(&body, id);
    tk_buffer_addn(&body, template->after.bytes, template->after.len);
    p->error = NULL;
    p->is_list = p->has_ended = p->has_members = false;
    p->count = 0;
    p->page_id = p->last_id;
    p->is_sorted = true;
    p->job->walk = (struct tk_walk){
        .owner = p->job, .begin = begin_value, .take = take_row, .close = close_list};
    tk_buffer_cut(&p->row, 0);
    status = p->job->options->dry_run ? tk_call_show(p->job, method, &body)
                                      : tk_call_run(p->job, method, &body);
    tk_buffer_free(&body);
    return status;
}

/* Where another command can go on. */
static void report_last(struct pages *p, int status)
{
    const struct tk_options *o = p->job->options;

    if (p->last_id > 0 && (status != TK_EXIT_OK || o->limit != NULL || o->after != NULL))
        tk_host_message("the last ID is %llu; --after %llu goes on", (unsigned long long)p->last_id,
                        (unsigned long long)p->last_id);
}

/* Returns the exit status of a page that was asked for. */
static int end_page(struct pages *p, int status)
{
    const char *error = NULL;

    if (p->is_sorted)
        p->last_id = p->page_id;
    if (status == TK_EXIT_OK && !p->job->out.is_closed)
        error = check_page(p);
    return error != NULL ? fail(p, error) : status;
}

static int run_pages(struct pages *p, const char *method, const struct tk_rows_body *template)
{
    int status = TK_EXIT_OK;
    bool is_last = p->limit == 0;

    while (status == TK_EXIT_OK && !is_last) {
        status = run_page(p, method, template);
        if (p->job->options->dry_run)
            return status;
        status = end_page(p, status);
        is_last = !is_followed(p) || p->job->out.is_closed;
    }
    (void)tk_print_flush(&p->job->out);
    tk_print_clear(&p->job->out);
    if (!p->job->out.is_closed)
        report_last(p, status);
    return status;
}

static bool read_options(struct pages *p, const char *method)
{
    const struct tk_options *o = p->job->options;

    p->limit = UINT64_MAX;
    p->id_key = o->id_key != NULL ? o->id_key : tk_rows_id_key(method);
    p->items_key = o->items_key;
    if (o->limit != NULL && !tk_parse_u64(o->limit, strlen(o->limit), UINT32_MAX, &p->limit)) {
        tk_host_message("--limit takes a number, not '%.40s'", o->limit);
        return false;
    }
    if (o->after != NULL && !tk_parse_u64(o->after, strlen(o->after), INT64_MAX, &p->last_id)) {
        tk_host_message("--after takes an ID, not '%.40s'", o->after);
        return false;
    }
    if (p->id_key[0] != '\0' && tk_method_is_valid(p->id_key))
        return true;
    tk_host_message("--id-key takes the name of a field, not '%.40s'", p->id_key);
    return false;
}

int tk_call_pages(struct tk_call_job *job, const char *method, const struct tk_buffer *body)
{
    struct pages p = {.job = job, .row = {.max = TK_CALL_VALUE_MAX}};
    struct tk_rows_body template = {.before = {.bytes = NULL}};
    int status = TK_EXIT_USAGE;

    job->form = &p;
    job->flushes = true;
    tk_call_catch_signals();
    if (read_options(&p, method) && tk_rows_make(&template, body->bytes, body->len, p.id_key))
        status = run_pages(&p, method, &template);
    tk_rows_free(&template);
    tk_buffer_free(&p.row);
    return status;
}
