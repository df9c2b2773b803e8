#include "footprintd/alto/document.h"

#include <brotli/encode.h>
#include <stdlib.h>
#include <zlib.h>

/* Below this a compressed body saves no packet. */
#define SMALLEST 200
/* Input between two questions whether to stop. */
#define STEP ((size_t)256 << 10)
/* Above this, brotli's best qualities take many seconds. */
#define BROTLI_BIG ((size_t)8 << 20)

typedef struct job {
    const body_t *body;
    bool (*should_stop)(void *arg);
    void *arg;
    buf_t out;
} job_t;

static bool stopped(const job_t *job)
{
    return job->should_stop && job->should_stop(job->arg);
}

/* Room for one step of output; false when memory is out or the result would not be smaller. */
static bool make_room(job_t *job)
{
    return job->out.len < job->body->size && buf_reserve(&job->out, (size_t)64 << 10);
}

static err_t gzip_slice(job_t *job, z_stream *z, slice_t in, bool last)
{
    z->next_in = (Bytef *)(uintptr_t)in.ptr; /* zlib reads only */
    z->avail_in = (uInt)in.len;
    for (;;) {
        if (!make_room(job)) {
            return buf_failed(&job->out) ? ERR_NOMEM : ERR_RANGE;
        }
        size_t room = job->out.cap - job->out.len;
        z->next_out = (Bytef *)job->out.ptr + job->out.len;
        z->avail_out = (uInt)(room > UINT32_MAX ? UINT32_MAX : room);
        uInt before = z->avail_out;
        int rc = deflate(z, last ? Z_FINISH : Z_NO_FLUSH);
        job->out.len += before - z->avail_out;
        if (rc == Z_STREAM_END || (rc == Z_OK && !last && !z->avail_in && z->avail_out) ||
            (rc == Z_BUF_ERROR && !last)) {
            return ERR_OK;
        }
        if (rc != Z_OK && rc != Z_BUF_ERROR) {
            return ERR_NOMEM;
        }
    }
}

static err_t brotli_slice(job_t *job, BrotliEncoderState *state, slice_t in, bool last)
{
    const uint8_t *next = (const uint8_t *)in.ptr;
    size_t left = in.len;
    for (;;) {
        if (!make_room(job)) {
            return buf_failed(&job->out) ? ERR_NOMEM : ERR_RANGE;
        }
        size_t room = job->out.cap - job->out.len, before = room;
        uint8_t *to = (uint8_t *)job->out.ptr + job->out.len;
        BrotliEncoderOperation op = last ? BROTLI_OPERATION_FINISH : BROTLI_OPERATION_PROCESS;
        if (!BrotliEncoderCompressStream(state, op, &left, &next, &room, &to, NULL)) {
            return ERR_NOMEM;
        }
        job->out.len += before - room;
        if (last ? BrotliEncoderIsFinished(state) : !left && !BrotliEncoderHasMoreOutput(state)) {
            return ERR_OK;
        }
    }
}

/* Feeds the body in steps; a segment may be longer than a step, and most are much shorter. */
static err_t feed(job_t *job, err_t (*take)(job_t *job, void *state, slice_t in, bool last),
                  void *state)
{
    size_t since = 0;
    for (size_t i = 0; i < job->body->count; i++) {
        slice_t rest = job->body->segments[i];
        while (rest.len) {
            size_t n = rest.len < STEP ? rest.len : STEP;
            err_t err = take(job, state, slice_of(rest.ptr, n), false);
            if (err) {
                return err;
            }
            rest = slice_of(rest.ptr + n, rest.len - n);
            since += n;
            if (since >= STEP) {
                since = 0;
                if (stopped(job)) {
                    return ERR_NOT_NOW;
                }
            }
        }
    }
    return take(job, state, SLICE_LIT(""), true);
}

static err_t take_gzip(job_t *job, void *state, slice_t in, bool last)
{
    return gzip_slice(job, state, in, last);
}

static err_t take_brotli(job_t *job, void *state, slice_t in, bool last)
{
    return brotli_slice(job, state, in, last);
}

static err_t gzip(job_t *job)
{
    z_stream z = {0};
    int level = job->body->size > BROTLI_BIG ? 6 : 9;
    /* 15 + 16: the gzip format (RFC 1952), without name and time. */
    if (deflateInit2(&z, level, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) != Z_OK) {
        return ERR_NOMEM;
    }
    err_t err = feed(job, take_gzip, &z);
    (void)deflateEnd(&z);
    return err;
}

static err_t brotli(job_t *job)
{
    BrotliEncoderState *state = BrotliEncoderCreateInstance(NULL, NULL, NULL);
    if (!state) {
        return ERR_NOMEM;
    }
    uint32_t hint = job->body->size > UINT32_MAX ? UINT32_MAX : (uint32_t)job->body->size;
    (void)BrotliEncoderSetParameter(state, BROTLI_PARAM_QUALITY,
                                    job->body->size > BROTLI_BIG ? 5 : 9);
    (void)BrotliEncoderSetParameter(state, BROTLI_PARAM_MODE, BROTLI_MODE_TEXT);
    (void)BrotliEncoderSetParameter(state, BROTLI_PARAM_SIZE_HINT, hint);
    err_t err = feed(job, take_brotli, state);
    BrotliEncoderDestroyInstance(state);
    return err;
}

static err_t attach(document_t *d, coding_t coding, err_t (*encode)(job_t *job), job_t *job)
{
    if (document_body(d, coding)) {
        return ERR_OK;
    }
    if (stopped(job)) {
        return ERR_NOT_NOW;
    }
    job->out = (buf_t)BUF_INIT;
    err_t err = encode(job);
    body_t *body = NULL;
    if (err || job->out.len >= job->body->size) {
        buf_release(&job->out);
        return err == ERR_RANGE ? ERR_OK : err;
    }
    char *fit = realloc(job->out.ptr, job->out.len);
    err = body_new_flat_take(fit ? fit : job->out.ptr, job->out.len, &body);
    if (err) {
        return err;
    }
    body_t *none = NULL;
    if (!atomic_compare_exchange_strong_explicit(&d->bodies[coding], &none, body,
                                                 memory_order_acq_rel, memory_order_acquire)) {
        body_unref(body); /* another worker was faster */
    }
    return ERR_OK;
}

err_t document_compress(document_t *d, bool (*should_stop)(void *arg), void *arg)
{
    job_t job = {document_body(d, CODING_IDENTITY), should_stop, arg, BUF_INIT};
    if (job.body->size < SMALLEST) {
        return ERR_OK;
    }
    err_t err = attach(d, CODING_GZIP, gzip, &job);
    return err ? err : attach(d, CODING_BROTLI, brotli, &job);
}
