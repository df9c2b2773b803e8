/*
 * The bytes of a source that may be long, from its beginning to its end: as they are, or of gzip
 * (RFC 1952) or bzip2, which are told by how they begin. Memory is the same for every length.
 * Private to src/ctl.
 */
#ifndef FPD_CTL_IMPORT_STREAM_H
#define FPD_CTL_IMPORT_STREAM_H

#include "footprintd/base/bytes.h"

typedef struct import_stream import_stream_t;

/*
 * A file, or standard input as "-". ERR_IO, ERR_RANGE (a directory), ERR_DATA (what is compressed
 * is damaged), ERR_NOMEM; *why has the reason as a clause.
 */
err_t import_stream_open(const char *path, import_stream_t **out, buf_t *why) FPD_MUST_CHECK;
/* Bytes in memory, which are borrowed; likewise. */
err_t import_stream_open_memory(slice_t bytes, import_stream_t **out, buf_t *why) FPD_MUST_CHECK;
void import_stream_free(import_stream_t *s);

#define IMPORT_STREAM_CHUNK 65536

/*
 * At most `most` bytes (IMPORT_STREAM_CHUNK at most) that come next, and stay: fewer at the end, or
 * where reading them fails, which import_stream_failed then tells. Valid until the next call.
 */
slice_t import_stream_peek(import_stream_t *s, size_t most);
/* Moves behind bytes that were peeked at. */
void import_stream_skip(import_stream_t *s, size_t n);
/* As many bytes as there are, n at most; returns their number. */
size_t import_stream_read(import_stream_t *s, void *out, size_t n);
/* ERR_IO, ERR_DATA, ERR_NOMEM, and the reason as a clause; ERR_OK: all is well, or it is the end.
 */
err_t import_stream_failed(const import_stream_t *s, const char **why);
/* Of the next byte, in what is uncompressed. */
uint64_t import_stream_offset(const import_stream_t *s);

#endif
