#include "slots.h"

#include <stdlib.h>

err_t slots_init(slots_t *s, size_t count)
{
    *s = (slots_t){.items = calloc(count, sizeof *s->items), .mask = count - 1};
    return s->items ? ERR_OK : ERR_NOMEM;
}

void slots_release(slots_t *s)
{
    free(s->items);
    *s = (slots_t){0};
}

static err_t grow(slots_t *s)
{
    slots_t wide;
    err_t err = slots_init(&wide, (s->mask + 1) * 2);
    if (err) {
        return err;
    }
    for (size_t i = 0; i <= s->mask; i++) {
        if (s->items[i].number) {
            slot_t *to = slots_first(&wide, s->items[i].hash);
            while (to->number) {
                to = slots_next(&wide, to);
            }
            *to = s->items[i];
        }
    }
    wide.used = s->used;
    slots_release(s);
    *s = wide;
    return ERR_OK;
}

err_t slots_fill(slots_t *s, slot_t *at, uint32_t hash, uint32_t number)
{
    *at = (slot_t){hash, number + 1};
    /* At most half full. */
    return ++s->used * 2 > s->mask ? grow(s) : ERR_OK;
}
