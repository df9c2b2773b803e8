#include "admin_answers.h"

#include "footprintd/base/json.h"

/* What the history has: generations, their documents, and who did what. */

#define PAGE_DEFAULT 50

/* Whether there is a history; otherwise that is the answer. */
static bool has_history(admin_t *admin, admin_response_t *response)
{
    if (!admin->journal) {
        admin_error(response, 409, "no-history", "there is no state directory, so no history");
    }
    return admin->journal != NULL;
}

static void refuse(admin_response_t *response, err_t err, const buf_t *why)
{
    admin_error(response, 500, "failed", "%.*s",
                SLICE_ARG(why->len ? buf_slice(why) : slice_str(err_text(err))));
}

typedef struct page {
    uint64_t below;
    size_t limit;
} page_t;

/* Leaves `out` when the query does not have it. */
static bool query_number(const admin_request_t *request, const char *name, uint64_t *out,
                         admin_response_t *response)
{
    buf_t text = BUF_INIT;
    bool good = !admin_query_get(request, name, &text) || json_number_u64(buf_slice(&text), out);
    if (!good) {
        admin_error(response, 400, "bad-query", "%s is to be a whole number", name);
    }
    buf_release(&text);
    return good;
}

/* "?below=N&limit=N": the part of a list that is asked for, newest first. */
static bool query_page(const admin_request_t *request, page_t *page, admin_response_t *response)
{
    uint64_t limit = PAGE_DEFAULT;
    page->below = 0;
    bool good = query_number(request, "below", &page->below, response) &&
                query_number(request, "limit", &limit, response);
    page->limit = limit && limit < STORE_PAGE_MAX ? (size_t)limit : STORE_PAGE_MAX;
    return good;
}

static void write_time(buf_t *out, uint64_t time_ms)
{
    buf_append_char(out, '"');
    admin_write_time(out, (time_t)(time_ms / 1000));
    buf_append_char(out, '"');
}

/* Without its closing brace. */
static void write_generation(const store_generation_t *g, buf_t *out)
{
    buf_printf(out, "{\"generation\":%llu,\"parent\":%llu,\"restores\":%llu,\"time\":",
               (unsigned long long)g->number, (unsigned long long)g->parent,
               (unsigned long long)g->restores);
    write_time(out, g->time_ms);
    buf_printf(out, ",\"kind\":\"%s\",\"author\":", store_kind_names[g->kind]);
    json_write_string(out, g->author);
    buf_append_str(out, ",\"message\":");
    json_write_string(out, g->message);
    buf_printf(out, ",\"documents\":%llu,\"changed\":%llu", (unsigned long long)g->documents,
               (unsigned long long)g->changed);
}

void admin_generation_list(admin_t *admin, const admin_request_t *request,
                           admin_response_t *response)
{
    page_t page;
    if (!has_history(admin, response) || !query_page(request, &page, response)) {
        return;
    }
    store_generations_t list;
    buf_t why = BUF_INIT, *out = &response->body;
    err_t err = store_history_list(journal_history(admin->journal), page.below, page.limit,
                                   &response->arena, &list, &why);
    if (err) {
        refuse(response, err, &why);
    } else {
        buf_printf(out, "{\"total\":%llu,\"generations\":[", (unsigned long long)list.total);
        for (size_t i = 0; i < list.count; i++) {
            buf_append_str(out, i ? "," : "");
            write_generation(&list.items[i], out);
            buf_append_char(out, '}');
        }
        buf_append_str(out, "]}\n");
        response->status = 200;
    }
    buf_release(&why);
}

static void write_whole(const store_generation_t *g, const store_texts_t *texts,
                        const store_vtags_t *vtags, buf_t *out)
{
    write_generation(g, out);
    buf_append_str(out, ",\"texts\":{");
    for (size_t i = 0; i < texts->count; i++) {
        buf_append_str(out, i ? "," : "");
        json_write_string(out, texts->items[i].name);
        buf_append_char(out, ':');
        json_write_string(out, texts->items[i].bytes);
    }
    buf_append_str(out, "},\"vtags\":{");
    for (size_t i = 0; i < vtags->count; i++) {
        buf_append_str(out, i ? "," : "");
        json_write_string(out, vtags->items[i].resource);
        buf_append_char(out, ':');
        json_write_string(out, vtags->items[i].tag);
    }
    buf_append_str(out, "}}\n");
}

void admin_generation_get(admin_t *admin, const admin_request_t *request,
                          admin_response_t *response)
{
    if (!has_history(admin, response)) {
        return;
    }
    store_history_t *h = journal_history(admin->journal);
    arena_t *arena = &response->arena;
    store_generation_t g;
    store_texts_t texts;
    store_vtags_t vtags;
    uint64_t number = 0;
    buf_t why = BUF_INIT;
    err_t err = json_number_u64(request->name, &number) ? ERR_OK : ERR_NOT_FOUND;
    err = err ? err : store_history_find(h, number, arena, &g, &why);
    err = err ? err : store_history_documents(h, number, arena, &texts, &why);
    err = err ? err : store_history_vtags(h, number, arena, &vtags, &why);
    if (err == ERR_NOT_FOUND) {
        admin_error(response, 404, "no-such-generation", "the history has no generation '%.*s'",
                    SLICE_ARG(utf8_truncate(request->name, 40)));
    } else if (err) {
        refuse(response, err, &why);
    } else {
        write_whole(&g, &texts, &vtags, &response->body);
        response->status = 200;
    }
    buf_release(&why);
}

void admin_audit(admin_t *admin, const admin_request_t *request, admin_response_t *response)
{
    page_t page;
    if (!has_history(admin, response) || !query_page(request, &page, response)) {
        return;
    }
    store_audits_t list;
    buf_t why = BUF_INIT, *out = &response->body;
    err_t err = store_history_audits(journal_history(admin->journal), page.below, page.limit,
                                     &response->arena, &list, &why);
    if (err) {
        refuse(response, err, &why);
    } else {
        buf_append_str(out, "{\"audit\":[");
        for (size_t i = 0; i < list.count; i++) {
            const store_audit_t *line = &list.items[i];
            buf_printf(out, "%s{\"id\":%llu,\"time\":", i ? "," : "", (unsigned long long)line->id);
            write_time(out, line->time_ms);
            buf_append_str(out, ",\"who\":");
            json_write_string(out, line->who);
            buf_append_str(out, ",\"what\":");
            json_write_string(out, line->what);
            buf_append_str(out, ",\"outcome\":");
            json_write_string(out, line->outcome);
            buf_append_char(out, '}');
        }
        buf_append_str(out, "]}\n");
        response->status = 200;
    }
    buf_release(&why);
}
