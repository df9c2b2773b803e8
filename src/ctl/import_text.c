#include "import_table.h"

#include <stdio.h>

#define WIDTH 100

/* The values of one list, one after the other. */
typedef struct list {
    const import_table_t *t;
    unsigned type; /* fp_type_t; FP_TYPE_COUNT: prefixes */
    size_t at, end;
} list_t;

static void append_item(const list_t *l, size_t i, buf_t *out)
{
    char text[PREFIX_TEXT_MAX];
    if (l->type == FP_TYPE_COUNT) {
        prefix_t p = import_prefix_get(&l->t->prefixes[i]);
        size_t n = prefix_format(&p, text);
        doc_write_yaml_text(out, slice_of(text, n));
        return;
    }
    const import_value_t *v = &l->t->values[i];
    int n = v->type == FP_ASN ? snprintf(text, sizeof text, "as%u", (uint32_t)v->value)
                              : (int)fp_code_format(v->value, text);
    doc_write_yaml_text(out, slice_of(text, n < 0 ? 0 : (size_t)n));
}

/* On one line where they fit, else one a line. */
static void write_list(const list_t *l, const char *key, buf_t *out)
{
    size_t line = out->len;
    buf_append_str(out, "    ");
    buf_append_str(out, key);
    buf_append_char(out, ':');
    size_t start = out->len;
    buf_append_str(out, " [");
    size_t i = l->at;
    for (; i < l->end && out->len - line < WIDTH; i++) {
        buf_append_str(out, i > l->at ? ", " : "");
        append_item(l, i, out);
    }
    if (i == l->end && out->len - line < WIDTH) {
        buf_append_str(out, "]\n");
        return;
    }
    if (!buf_failed(out)) {
        out->len = start;
    }
    buf_append_char(out, '\n');
    for (i = l->at; i < l->end; i++) {
        buf_append_str(out, "      - ");
        append_item(l, i, out);
        buf_append_char(out, '\n');
    }
}

/* In the order of the document format. */
static const struct {
    const char *key;
    unsigned type;
} kinds[] = {
    {"cidr", FP_TYPE_COUNT},
    {"asn", FP_ASN},
    {"countrycode", FP_COUNTRYCODE},
    {"subdivisioncode", FP_SUBDIVISIONCODE},
};

/* Where the lists of the groups that were written end. */
typedef struct position {
    size_t prefix, value;
} position_t;

static void write_group(import_data_t *d, const import_table_t *t, uint32_t group, position_t *at,
                        buf_t *out)
{
    list_t prefixes = {t, FP_TYPE_COUNT, at->prefix, at->prefix};
    for (; prefixes.end < t->prefix_count && t->prefixes[prefixes.end].group == group;
         prefixes.end++) {
        d->prefixes[t->prefixes[prefixes.end].family]++;
    }
    size_t values_end = at->value;
    while (values_end < t->value_count && t->values[values_end].group == group) {
        values_end++;
    }
    if (prefixes.at == prefixes.end && at->value == values_end) {
        return; /* others have all of it */
    }
    d->footprints++;
    buf_append_str(out, "  ");
    doc_write_yaml_text(out, t->groups[group]->name);
    buf_append_str(out, ":\n");
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        list_t list = prefixes;
        if (kinds[k].type != FP_TYPE_COUNT) {
            list = (list_t){t, kinds[k].type, at->value, at->value};
            while (list.at < values_end && t->values[list.at].type != kinds[k].type) {
                list.at++;
            }
            list.end = list.at;
            while (list.end < values_end && t->values[list.end].type == kinds[k].type) {
                list.end++;
            }
        }
        if (list.at < list.end) {
            write_list(&list, kinds[k].key, out);
        }
    }
    *at = (position_t){prefixes.end, values_end};
}

bool import_table_write(import_data_t *d, const import_table_t *t)
{
    import_document_t *document = import_document_add(d, d->name);
    if (!document) {
        return false;
    }
    buf_t *out = &document->text;
    position_t at = {0, 0};
    import_write_comment(d, out);
    buf_append_str(out, "version: 1\nfootprints:\n");
    for (size_t i = 0; i < t->group_count; i++) {
        write_group(d, t, (uint32_t)i, &at, out);
    }
    d->failed |= buf_failed(out);
    return !d->failed;
}
