#include "footprintd/alto/message.h"

#include <assert.h>

void message_begin_part(const message_kind_t *kind, size_t part, slice_t id, buf_t *out)
{
    buf_printf(out, "%s--" MESSAGE_BOUNDARY "\r\nContent-ID: <%.*s>\r\nContent-Type: %s\r\n\r\n",
               part ? "\r\n" : "", SLICE_ARG(id), kind->parts[part]);
}

void message_end(buf_t *out)
{
    buf_append_str(out, "\r\n--" MESSAGE_BOUNDARY "--\r\n");
}

void message_write(const message_kind_t *kind, const node_t *root, buf_t *out)
{
    size_t part = 0;
    for (size_t i = 0; i < root->part_count; i++) {
        const node_run_t *run = root->parts.runs[i];
        for (size_t k = 0; k < run->count; k++) {
            assert(part < MESSAGE_PARTS);
            message_begin_part(kind, part++, node_run_name(run, k), out);
            node_write(run->nodes[k], out);
        }
    }
    message_end(out);
}
