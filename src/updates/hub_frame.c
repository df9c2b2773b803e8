#include "hub.h"

static err_t make_frame(const hub_frame_t *f, frame_t **out)
{
    err_t err = !f->from_root ? ERR_DATA
                : f->message  ? frame_new_part_patches(f->from_root, f->root, out)
                              : frame_new_patch(f->from_root, f->root, out);
    if (!err && frame_total(*out) >= f->root->size) {
        frame_unref(*out);
        err = ERR_DATA;
    }
    if (err != ERR_DATA && err != ERR_NOT_FOUND) {
        return err;
    }
    if (f->message) {
        return frame_new_message_tree(f->message, f->root, out);
    }
    return f->body ? frame_new_body(f->media_type, f->body, out)
                   : frame_new_tree(f->media_type, f->root, out);
}

void hub_frame_make(hub_t *hub, hub_frame_t *f)
{
    frame_t *frame = NULL;
    if (make_frame(f, &frame)) {
        atomic_store(&f->failed, true);
    } else {
        atomic_store(&f->frame, frame);
    }
    (void)pthread_mutex_lock(&hub->lock);
    hub->counters.frames_made++;
    (void)pthread_mutex_unlock(&hub->lock);
    if (atomic_load(&f->awaited)) {
        hub_tell_news(hub);
    }
}
