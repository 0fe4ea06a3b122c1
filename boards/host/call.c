/* SPDX-License-Identifier: Apache-2.0 */

/* `tokenkeeper call`: REST calls through the service. */

#include "call.h"

#include "call_job.h"
#include "call_params.h"
#include "tk_string.h"
#include "tokenkeeper.h"

#include <signal.h>
#include <string.h>

static bool read_number(const char *name, const char *value, uint64_t max, uint64_t *out)
{
    if (value == NULL || tk_parse_u64(value, strlen(value), max, out))
        return true;
    tk_host_message("--%s takes a number up to %llu, not '%s'", name, (unsigned long long)max,
                    value);
    return false;
}

/* --- options --- */

static bool refuse(const char *words)
{
    tk_host_message("%s; see tokenkeeper --help", words);
    return false;
}

static bool is_form(const struct tk_options *o)
{
    bool of_pages = o->limit != NULL || o->after != NULL || o->id_key != NULL || o->items_key;

    if (of_pages && !o->all)
        return refuse("--limit, --after, --id-key and --items-key go with --all");
    if (o->all && (o->raw || o->batch != NULL))
        return refuse("--all does not go with --raw and --batch");
    if (o->halt && o->batch == NULL)
        return refuse("--halt goes with --batch");
    if (o->batch != NULL && o->count > 0)
        return refuse("--batch takes its methods from the file");
    if (o->batch == NULL && o->count == 0)
        return refuse("which method? tokenkeeper call METHOD [name=value]...");
    return true;
}

static bool begin(struct tk_call_job *job, const struct tk_options *o)
{
    uint64_t wait_s = 0;

    *job = (struct tk_call_job){.options = o, .wait_s = -1, .timeout_s = TK_CALL_TIMEOUT_S};
    tk_print_init(&job->out, o->json);
    if (!is_form(o) || !read_number("timeout", o->timeout, TK_CALL_TIMEOUT_MAX, &job->timeout_s) ||
        !read_number("wait", o->wait, TK_CALL_TIMEOUT_MAX, &wait_s))
        return false;
    if (o->wait != NULL)
        job->wait_s = (int64_t)wait_s;
    return o->dry_run || tk_host_socket_path(o, job->path);
}

/* --- the command --- */

static bool read_body(const struct tk_options *o, struct tk_buffer *body)
{
    bool from_input = false;

    for (size_t i = 1; i < o->count; i++)
        from_input |= strcmp(o->args[i], "-") == 0;
    if (from_input && o->count > 2)
        return refuse("- takes all parameters from standard input");
    return from_input ? tk_params_read(body) : tk_params_make(o->args + 1, o->count - 1, body);
}

static int run_method(struct tk_call_job *job)
{
    const struct tk_options *o = job->options;
    struct tk_buffer body = {.max = 2 * TK_CALL_BODY_MAX};
    int status = TK_EXIT_USAGE;

    if (!tk_method_is_valid(o->args[0]))
        tk_host_message("'%.80s' is no method: up to %d letters, digits, dots and underscores",
                        o->args[0], TK_METHOD_MAX);
    else if (read_body(o, &body))
        status =
            o->all ? tk_call_pages(job, o->args[0], &body) : tk_call_result(job, o->args[0], &body);
    tk_buffer_free(&body);
    return status;
}

int tk_host_call(const struct tk_options *options)
{
    static struct tk_call_job job;

    if (!begin(&job, options))
        return TK_EXIT_USAGE;
    if (options->ref != NULL && strlen(options->ref) > TK_NAME_MAX) {
        tk_host_message("no account is called %.80s", options->ref);
        return TK_EXIT_NO_REF;
    }
    int status = options->batch != NULL ? tk_call_batch(&job) : run_method(&job);

    status = tk_print_end(&job.out, status);
    if (tk_call_signal() != 0)
        (void)raise(tk_call_signal());
    return status;
}
