#include "import_stream.h"

#include <bzlib.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define CHUNK IMPORT_STREAM_CHUNK

typedef enum coding {
    CODING_NONE,
    CODING_GZIP,
    CODING_BZIP2,
} coding_t;

struct import_stream {
    int fd; /* -1: memory */
    slice_t memory;
    coding_t coding;
    z_stream gzip;
    bz_stream bzip2;
    bool begun, member; /* the decoder has memory; it is within a member */
    char *in, *out;     /* of twice CHUNK: a peek may begin anywhere in the first half */
    size_t in_at, in_end, out_at, out_end;
    bool in_over;
    err_t failed;
    const char *why;
    uint64_t offset;
};

static void fail(import_stream_t *s, err_t err, const char *why)
{
    if (!s->failed) {
        s->failed = err;
        s->why = why;
    }
}

/* ---- as it comes ---- */

static void fill_in(import_stream_t *s)
{
    if (s->in_at == s->in_end) {
        s->in_at = s->in_end = 0;
    }
    size_t room = 2 * CHUNK - s->in_end;
    if (s->in_over || !room) {
        return;
    }
    if (s->fd < 0) {
        size_t n = s->memory.len < room ? s->memory.len : room;
        if (n) {
            memcpy(s->in + s->in_end, s->memory.ptr, n);
        }
        s->in_end += n;
        s->memory = slice_of(s->memory.ptr + n, s->memory.len - n);
        s->in_over = !s->memory.len;
        return;
    }
    ssize_t n;
    do {
        n = read(s->fd, s->in + s->in_end, room);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        fail(s, ERR_IO, strerrordesc_np(errno));
    }
    s->in_end += n > 0 ? (size_t)n : 0;
    s->in_over = n <= 0;
}

/* ---- decoders: each takes from `in` and appends to `out`; members may follow one another ---- */

static bool begin_member(import_stream_t *s)
{
    int code;
    if (s->coding == CODING_GZIP) {
        code = s->begun ? inflateReset(&s->gzip) : inflateInit2(&s->gzip, 15 + 16);
        code = code == Z_OK ? BZ_OK : BZ_MEM_ERROR;
    } else {
        if (s->begun) {
            (void)BZ2_bzDecompressEnd(&s->bzip2);
            s->begun = false;
        }
        s->bzip2 = (bz_stream){0};
        code = BZ2_bzDecompressInit(&s->bzip2, 0, 0);
    }
    if (code != BZ_OK) {
        fail(s, ERR_NOMEM, err_text(ERR_NOMEM));
        return false;
    }
    s->begun = s->member = true;
    return true;
}

/* What a decoder says in its own words. */
typedef enum step {
    STEP_ON,
    STEP_END, /* of a member */
    STEP_DAMAGED,
    STEP_NOMEM,
} step_t;

static step_t step_gzip(import_stream_t *s)
{
    z_stream *z = &s->gzip;
    z->next_in = (Bytef *)s->in + s->in_at;
    z->avail_in = (uInt)(s->in_end - s->in_at);
    z->next_out = (Bytef *)s->out + s->out_end;
    z->avail_out = (uInt)(2 * CHUNK - s->out_end);
    int code = inflate(z, Z_NO_FLUSH);
    s->in_at = s->in_end - z->avail_in;
    s->out_end = 2 * CHUNK - z->avail_out;
    return code == Z_STREAM_END                  ? STEP_END
           : code == Z_OK || code == Z_BUF_ERROR ? STEP_ON
           : code == Z_MEM_ERROR                 ? STEP_NOMEM
                                                 : STEP_DAMAGED;
}

static step_t step_bzip2(import_stream_t *s)
{
    bz_stream *z = &s->bzip2;
    z->next_in = s->in + s->in_at;
    z->avail_in = (unsigned)(s->in_end - s->in_at);
    z->next_out = s->out + s->out_end;
    z->avail_out = (unsigned)(2 * CHUNK - s->out_end);
    int code = BZ2_bzDecompress(z);
    s->in_at = s->in_end - z->avail_in;
    s->out_end = 2 * CHUNK - z->avail_out;
    return code == BZ_STREAM_END  ? STEP_END
           : code == BZ_OK        ? STEP_ON
           : code == BZ_MEM_ERROR ? STEP_NOMEM
                                  : STEP_DAMAGED;
}

static void decode(import_stream_t *s)
{
    size_t in = s->in_at, out = s->out_end;
    if (!s->member && !begin_member(s)) {
        return;
    }
    step_t step = s->coding == CODING_GZIP ? step_gzip(s) : step_bzip2(s);
    if (step == STEP_END) {
        s->member = false;
    } else if (step == STEP_NOMEM) {
        fail(s, ERR_NOMEM, err_text(ERR_NOMEM));
    } else if (step == STEP_DAMAGED) {
        fail(s, ERR_DATA, "is damaged: it cannot be decompressed");
    } else if (s->in_over && s->in_at == in && s->out_end == out) {
        fail(s, ERR_DATA, "is not whole: what is compressed has no end");
    }
}

/* More of `out`, if there is any. */
static void fill_out(import_stream_t *s)
{
    if (s->in_at == s->in_end) {
        fill_in(s);
    }
    if (s->coding == CODING_NONE) {
        size_t n = s->in_end - s->in_at, room = 2 * CHUNK - s->out_end;
        n = n < room ? n : room;
        memcpy(s->out + s->out_end, s->in + s->in_at, n);
        s->in_at += n;
        s->out_end += n;
    } else if (s->in_at < s->in_end || s->member) {
        decode(s);
    }
}

static bool is_over(const import_stream_t *s)
{
    return s->failed || (s->in_over && s->in_at == s->in_end && !s->member);
}

/* ---- what is read ---- */

slice_t import_stream_peek(import_stream_t *s, size_t most)
{
    if (s->out_end - s->out_at < most && s->out_at) {
        memmove(s->out, s->out + s->out_at, s->out_end - s->out_at);
        s->out_end -= s->out_at;
        s->out_at = 0;
    }
    while (s->out_end - s->out_at < most && !is_over(s)) {
        fill_out(s);
    }
    size_t n = s->out_end - s->out_at;
    return slice_of(s->out + s->out_at, n < most ? n : most);
}

void import_stream_skip(import_stream_t *s, size_t n)
{
    s->out_at += n;
    s->offset += n;
}

size_t import_stream_read(import_stream_t *s, void *out, size_t n)
{
    size_t done = 0;
    while (done < n) {
        slice_t part = import_stream_peek(s, n - done < CHUNK ? n - done : CHUNK);
        if (!part.len) {
            break;
        }
        memcpy((char *)out + done, part.ptr, part.len);
        import_stream_skip(s, part.len);
        done += part.len;
    }
    return done;
}

err_t import_stream_failed(const import_stream_t *s, const char **why)
{
    *why = s->why;
    return s->failed;
}

uint64_t import_stream_offset(const import_stream_t *s)
{
    return s->offset;
}

/* ---- opening ---- */

static void guess_coding(import_stream_t *s)
{
    while (s->in_end < 4 && !s->in_over) {
        fill_in(s);
    }
    slice_t head = slice_of(s->in, s->in_end);
    if (head.len >= 2 && !memcmp(head.ptr, "\x1f\x8b", 2)) {
        s->coding = CODING_GZIP;
    } else if (head.len >= 4 && !memcmp(head.ptr, "BZh", 3) && head.ptr[3] >= '1' &&
               head.ptr[3] <= '9') {
        s->coding = CODING_BZIP2;
    }
}

static err_t open_stream(int fd, slice_t memory, import_stream_t **out, buf_t *why)
{
    import_stream_t *s = calloc(1, sizeof *s);
    if (!s) {
        return ERR_NOMEM;
    }
    *s = (import_stream_t){.fd = fd, .memory = memory};
    s->in = malloc(2 * CHUNK);
    s->out = malloc(2 * CHUNK);
    if (!s->in || !s->out) {
        s->fd = -1; /* the caller's */
        import_stream_free(s);
        return ERR_NOMEM;
    }
    guess_coding(s);
    if (s->failed) {
        err_t err = s->failed;
        buf_printf(why, "cannot be read: %s", s->why);
        s->fd = -1;
        import_stream_free(s);
        return err;
    }
    *out = s;
    return ERR_OK;
}

err_t import_stream_open(const char *path, import_stream_t **out, buf_t *why)
{
    struct stat st;
    bool standard = slice_is(slice_str(path), "-");
    int fd = standard ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || fstat(fd, &st) != 0) {
        buf_printf(why, "cannot be opened: %s", strerrordesc_np(errno));
        if (fd >= 0) {
            (void)close(fd);
        }
        return ERR_IO;
    }
    if (S_ISDIR(st.st_mode)) {
        buf_append_str(why, "is a directory");
        (void)close(fd);
        return ERR_RANGE;
    }
    err_t err = open_stream(fd, SLICE_LIT(""), out, why);
    if (err) {
        (void)close(fd);
    }
    return err;
}

err_t import_stream_open_memory(slice_t bytes, import_stream_t **out, buf_t *why)
{
    return open_stream(-1, bytes, out, why);
}

void import_stream_free(import_stream_t *s)
{
    if (!s) {
        return;
    }
    if (s->begun && s->coding == CODING_GZIP) {
        (void)inflateEnd(&s->gzip);
    } else if (s->begun) {
        (void)BZ2_bzDecompressEnd(&s->bzip2);
    }
    if (s->fd >= 0) {
        (void)close(s->fd);
    }
    free(s->in);
    free(s->out);
    free(s);
}
