/* SPDX-License-Identifier: Apache-2.0 */
#include "server_private.h"

#include <stdio.h>
#include <string.h>

static bool has_type(const char *body, const char *type)
{
    char start[40];

    snprintf(start, sizeof start, "{\"ops\":[{\"type\":\"%s\",", type);
    return strncmp(body, start, strlen(start)) == 0;
}

bool server_is_task(const char *body)
{
    return has_type(body, "show") || has_type(body, "modify") ||
           (has_type(body, "create") && strstr(body, "\"access_token\":") != NULL);
}

static void store(struct server_task *task, const char *body)
{
    const char *data = strstr(body, "\"data\":") + strlen("\"data\":");

    snprintf(task->data, sizeof task->data, "%.*s", (int)(strlen(data) - strlen("}]}")), data);
    task->writes++;
}

static void put(const struct server *s, struct server_answer *out, const char *rest)
{
    char body[sizeof s->task.data + 100];

    snprintf(body, sizeof body, "{\"request_proc\":\"ok\",\"ops\":[{\"obj\":\"task\",%s}]}", rest);
    server_put_json(s, out, 200, body);
}

void server_answer_task(struct server *s, struct server_answer *out, const char *body)
{
    struct server_task *task = &s->task;
    bool creates = has_type(body, "create"), exists = task->data[0] != '\0';
    char shown[sizeof task->data + 40];

    snprintf(shown, sizeof shown, "\"proc\":\"ok\",\"data\":%s", task->data);
    task->ops++;
    if (task->refuses != NULL && has_type(body, task->refuses))
        put(s, out, "\"proc\":\"error\",\"description\":\"access denied\"");
    else if (creates && exists)
        put(s, out, "\"proc\":\"error\",\"description\":\"not unical reference\"");
    else if (!creates && !exists)
        put(s, out, "\"proc\":\"error\",\"description\":\"not found task\"");
    else if (has_type(body, "show"))
        put(s, out, shown);
    else {
        store(task, body);
        put(s, out, "\"proc\":\"ok\"");
    }
}
