#include "hub.h"

static err_t make_frame(const hub_frame_t *f, frame_t **out)
{
    err_t err = f->from_root ? frame_new_patch(f->from_root, f->root, out) : ERR_DATA;
    if (!err && (*out)->size >= f->root->size) {
        frame_unref(*out);
        err = ERR_DATA;
    }
    if (err != ERR_DATA) {
        return err;
    }
    if (f->is_message) {
        return frame_new_message(f->media_type, f->root->text, out);
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
