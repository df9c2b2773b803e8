#include "change.h"

#include "command.h"
#include "fail.h"
#include "footprintd/base/suggest.h"

#include <stdio.h>
#include <unistd.h>

int change_option(change_options_t *options, int code, const char *command, const char *help)
{
    switch (code) {
    case 'm':
        options->message = optarg;
        return utf8_valid(slice_str(optarg)) ? -1 : remote_usage(command, "--message is not UTF-8");
    case 1101:
        options->yes = true;
        return -1;
    case 1102:
        options->dry_run = true;
        return -1;
    default:
        return remote_option(&options->remote, code, command, help);
    }
}

static const json_value_t *find_document(const json_value_t *list, slice_t name)
{
    for (size_t i = 0; i < remote_count(list); i++) {
        if (slice_eq(remote_text(&list->u.array.items[i], "name"), name)) {
            return &list->u.array.items[i];
        }
    }
    return NULL;
}

/* Empty when none is spelled nearly so; a name without its ending is. */
static slice_t nearest_document(const json_value_t *list, slice_t name)
{
    suggest_t near;
    suggest_init(&near, name);
    for (size_t i = 0; i < remote_count(list); i++) {
        slice_t there = remote_text(&list->u.array.items[i], "name");
        if (there.len > name.len && !memcmp(there.ptr, name.ptr, name.len) &&
            there.ptr[name.len] == '.') {
            return there;
        }
        suggest_offer(&near, there);
    }
    return near.best.ptr ? near.best : SLICE_LIT("");
}

int change_take_etags(change_document_t *documents, size_t count, arena_t *arena, remote_t *r)
{
    buf_t path = BUF_INIT;
    buf_append_str(&path, "/v1/documents");
    int code = remote_ask(r, &path, NULL);
    buf_release(&path);
    const json_value_t *list = json_get(r->json, "documents");
    for (size_t i = 0; code < 0 && i < count; i++) {
        change_document_t *d = &documents[i];
        const json_value_t *there = find_document(list, d->name);
        if (json_is_string(json_get(there, "etag"))) { /* null: the server cannot read it */
            d->etag = arena_copy(arena, remote_text(there, "etag"));
        } else if (!there && !d->text.ptr) {
            slice_t near = nearest_document(list, d->name);
            return ctl_fail(r->options.json, CTL_REFUSED, "no-such-document",
                            "the server has no document '%.*s' to remove%s%.*s%s",
                            SLICE_ARG(d->name), near.len ? " (did you mean '" : "", SLICE_ARG(near),
                            near.len ? "'?)" : "");
        }
    }
    return code;
}

void change_write_documents(const change_document_t *documents, size_t count, buf_t *out)
{
    buf_append_str(out, "{\"documents\":{");
    for (size_t i = 0; i < count; i++) {
        buf_append_str(out, i ? "," : "");
        json_write_string(out, documents[i].name);
        buf_append_char(out, ':');
        if (documents[i].text.ptr) {
            json_write_string(out, documents[i].text);
        } else {
            buf_append_str(out, "null");
        }
    }
    buf_append_str(out, "},\"if-match\":{");
    for (size_t i = 0; i < count; i++) {
        buf_append_str(out, i ? "," : "");
        json_write_string(out, documents[i].name);
        buf_append_char(out, ':');
        if (documents[i].etag.ptr) {
            json_write_string(out, documents[i].etag);
        } else {
            buf_append_str(out, "null");
        }
    }
    buf_append_char(out, '}');
}

void change_write_end(const change_options_t *options, buf_t *out)
{
    if (options->message) {
        buf_append_str(out, ",\"message\":");
        json_write_string(out, slice_str(options->message));
    }
    if (options->not_before) {
        buf_append_str(out, ",\"not-before\":");
        json_write_string(out, slice_str(options->not_before));
    }
    if (options->not_after) {
        buf_append_str(out, ",\"not-after\":");
        json_write_string(out, slice_str(options->not_after));
    }
    buf_append_str(out, options->yes ? ",\"yes\":true}" : "}");
}

/* What became of it: published, held, or both. */
static void write_outcome(const json_value_t *answer, buf_t *out)
{
    uint64_t generation = remote_number(answer, "generation"), held = remote_number(answer, "held");
    if (generation) {
        buf_printf(out, "generation %llu\n", (unsigned long long)generation);
    }
    if (held) {
        buf_printf(out,
                   generation ? "change %llu takes it back when its time has come\n"
                              : "held: change %llu waits for its time\n",
                   (unsigned long long)held);
    }
}

void change_write_answer(const json_value_t *answer, bool dry_run, bool colours, buf_t *out)
{
    const json_value_t *kept = json_get(answer, "kept");
    remote_findings(json_get(answer, "report"), colours, out);
    remote_difference(json_get(answer, "difference"), colours, out);
    for (size_t i = 0; i < remote_count(kept); i++) {
        const json_value_t *file = &kept->u.array.items[i];
        buf_append_printable(out, json_is_string(file) ? file->u.text : SLICE_LIT("?"), "");
        buf_append_str(out, ": somebody changed the file at the same moment; it stays as it is\n");
    }
    if (dry_run) {
        buf_append_str(out, remote_guard_asks(json_get(answer, "difference"))
                                ? "nothing is changed; to make it: --yes\n"
                                : "nothing is changed\n");
    } else {
        write_outcome(answer, out);
    }
}

void change_tell_latest(remote_t *r)
{
    buf_t path = BUF_INIT, out = BUF_INIT;
    buf_append_str(&path, "/v1/generations?limit=1");
    int code = remote_call(r, &path, NULL);
    buf_release(&path);
    const json_value_t *list = json_get(r->json, "generations");
    if (code >= 0 || !remote_is_fine(r) || !remote_count(list)) {
        return;
    }
    const json_value_t *g = &list->u.array.items[0];
    buf_append_str(&out, "footprintctl: the latest is generation ");
    remote_append(g, "generation", &out);
    buf_append_str(&out, ", ");
    remote_append(g, "kind", &out);
    buf_append_str(&out, " by ");
    remote_append(g, "author", &out);
    buf_append_str(&out, " at ");
    remote_append(g, "time", &out);
    if (remote_text(g, "message").len) {
        buf_append_str(&out, ": ");
        remote_append(g, "message", &out);
    }
    (void)fprintf(stderr, "%.*s\n", SLICE_ARG(buf_slice(&out)));
    buf_release(&out);
}

int change_send(remote_t *r, const change_options_t *options, const char *path, const buf_t *body)
{
    buf_t target = BUF_INIT, out = BUF_INIT;
    buf_append_str(&target, path);
    buf_append_str(&target, options->dry_run ? "?dry-run=1" : "");
    int code = remote_ask(r, &target, body);
    buf_release(&target);
    if (code >= 0) {
        if (slice_is(remote_text(r->json, "code"), "conflict") && !r->options.json) {
            change_tell_latest(r);
        }
        return code;
    }
    bool asks = options->dry_run && !options->yes &&
                remote_guard_asks(json_get(r->json, "difference"));
    if (r->options.json) {
        code = remote_print_answer(r);
    } else {
        change_write_answer(r->json, options->dry_run, screen_colours(STDOUT_FILENO), &out);
        code = remote_print(&out);
    }
    return code == CTL_FINE && asks ? CTL_REFUSED : code;
}
