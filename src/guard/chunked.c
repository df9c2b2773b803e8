#include "footprintd/base/hex.h"
#include "guard/internal.h"

/*
 * Chunked bodies (RFC 9112 7.1), by the grammar. The library's decoder ends a size at whatever is
 * no digit ("0x5" reads as 0), takes anything for an extension, and bare line ends.
 *
 * Everything is in the library's own decoder state, which begins as zeros: _state is below,
 * _hex_count counts the bytes of a chunk's line, bytes_left_in_chunk those of data, or of trailers.
 */

enum {
    IN_SIZE,
    AFTER_SIZE, /* white space: an extension has to follow */
    BEFORE_NAME,
    IN_NAME,
    AFTER_NAME, /* white space */
    BEFORE_VALUE,
    IN_VALUE,
    IN_QUOTED,
    IN_ESCAPE,
    AFTER_QUOTED,
    LINE_END,
    IN_DATA,
    DATA_CR,
    DATA_LF,
    TRAILER_BEGIN,
    TRAILER_NAME,
    TRAILER_VALUE,
    TRAILER_LF,
    LAST_LF,
    BAD,
    DONE,
};

#define SIZE_DIGITS_MAX 15
#define LINE_MAX_BYTES  120 /* of a chunk: its size and extensions */
#define TRAILERS_MAX    8192

static bool is_space(unsigned char c)
{
    return c == ' ' || c == '\t';
}

static bool is_text(unsigned char c)
{
    return c == '\t' || (c >= ' ' && c != 0x7f);
}

static int after_item(unsigned char c, int otherwise)
{
    return c == '\r' ? LINE_END : c == ';' ? BEFORE_NAME : otherwise;
}

/* RFC 9112 7.1.1: *( BWS ";" BWS name [ BWS "=" BWS value ] ) */
static int step_extension(int state, unsigned char c)
{
    switch (state) {
    case AFTER_SIZE:
    case AFTER_QUOTED:
        return is_space(c)                        ? AFTER_SIZE
               : c == '\r' && state == AFTER_SIZE ? BAD
                                                  : after_item(c, BAD);
    case BEFORE_NAME:
        return is_space(c) ? BEFORE_NAME : guard_is_token_char(c) ? IN_NAME : BAD;
    case IN_NAME:
        return guard_is_token_char(c) ? IN_NAME
               : is_space(c)          ? AFTER_NAME
               : c == '='             ? BEFORE_VALUE
                                      : after_item(c, BAD);
    case AFTER_NAME:
        return is_space(c) ? AFTER_NAME : c == '=' ? BEFORE_VALUE : c == ';' ? BEFORE_NAME : BAD;
    case BEFORE_VALUE:
        return is_space(c)              ? BEFORE_VALUE
               : c == '"'               ? IN_QUOTED
               : guard_is_token_char(c) ? IN_VALUE
                                        : BAD;
    case IN_VALUE:
        return guard_is_token_char(c) ? IN_VALUE : is_space(c) ? AFTER_SIZE : after_item(c, BAD);
    case IN_QUOTED:
        return c == '"' ? AFTER_QUOTED : c == '\\' ? IN_ESCAPE : is_text(c) ? IN_QUOTED : BAD;
    default: /* IN_ESCAPE */
        return is_text(c) ? IN_QUOTED : BAD;
    }
}

static int step_size(struct phr_chunked_decoder *decoder, unsigned char c)
{
    int digit = hex_value((char)c);
    if (digit >= 0) {
        decoder->bytes_left_in_chunk = decoder->bytes_left_in_chunk * 16 + (size_t)digit;
        return decoder->_hex_count > SIZE_DIGITS_MAX ? BAD : IN_SIZE;
    }
    if (decoder->_hex_count == 1) {
        return BAD; /* it is the first byte */
    }
    return is_space(c) ? AFTER_SIZE : after_item(c, BAD);
}

static int step_line(struct phr_chunked_decoder *decoder, unsigned char c)
{
    if (++decoder->_hex_count > LINE_MAX_BYTES) {
        return BAD;
    }
    switch (decoder->_state) {
    case IN_SIZE:
        return step_size(decoder, c);
    case LINE_END:
        decoder->_hex_count = 0;
        return c != '\n' ? BAD : decoder->bytes_left_in_chunk ? IN_DATA : TRAILER_BEGIN;
    default:
        return step_extension(decoder->_state, c);
    }
}

static int step_trailer(struct phr_chunked_decoder *decoder, unsigned char c)
{
    if (++decoder->bytes_left_in_chunk > TRAILERS_MAX) {
        return BAD;
    }
    switch (decoder->_state) {
    case TRAILER_BEGIN:
        return c == '\r' ? LAST_LF : guard_is_token_char(c) ? TRAILER_NAME : BAD;
    case TRAILER_NAME:
        return c == ':' ? TRAILER_VALUE : guard_is_token_char(c) ? TRAILER_NAME : BAD;
    case TRAILER_VALUE:
        return c == '\r' ? TRAILER_LF : is_text(c) ? TRAILER_VALUE : BAD;
    case TRAILER_LF:
        return c == '\n' ? TRAILER_BEGIN : BAD;
    default: /* LAST_LF */
        return c == '\n' ? DONE : BAD;
    }
}

static int step(struct phr_chunked_decoder *decoder, unsigned char c)
{
    switch (decoder->_state) {
    case DATA_CR:
        return c == '\r' ? DATA_LF : BAD;
    case DATA_LF:
        return c == '\n' ? IN_SIZE : BAD;
    default:
        return decoder->_state <= LINE_END ? step_line(decoder, c) : step_trailer(decoder, c);
    }
}

/* Moves what there is of a chunk's data to its place; returns how much that is. */
static size_t take_data(struct phr_chunked_decoder *decoder, char *to, const char *from,
                        size_t have)
{
    size_t len = have < decoder->bytes_left_in_chunk ? have : decoder->bytes_left_in_chunk;
    if (to != from) {
        memmove(to, from, len);
    }
    decoder->bytes_left_in_chunk -= len;
    if (!decoder->bytes_left_in_chunk) {
        decoder->_state = DATA_CR;
    }
    return len;
}

/* The library's decoder, with its contract: -1 for an error, -2 when more is to come. */
ssize_t phr_decode_chunked(struct phr_chunked_decoder *decoder, char *buf, size_t *bufsz)
{
    size_t to = 0, from = 0, size = *bufsz;
    guard_hook_called(HOOK_CHUNKED);
    while (from < size && decoder->_state != BAD && decoder->_state != DONE) {
        if (decoder->_state == IN_DATA) {
            size_t len = take_data(decoder, buf + to, buf + from, size - from);
            to += len;
            from += len;
        } else {
            decoder->_state = (char)step(decoder, (unsigned char)buf[from++]);
        }
    }
    *bufsz = to;
    if (decoder->_state == BAD) {
        guard_conn_t *conn = guard_of_input(buf);
        if (conn) {
            guard_report(conn->guard, conn, GUARD_CHUNKED);
        }
        return -1;
    }
    if (decoder->_state != DONE) {
        return -2;
    }
    if (to != from) {
        memmove(buf + to, buf + from, size - from);
    }
    return (ssize_t)(size - from);
}
