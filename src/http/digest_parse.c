#include "http/digest.h"

#include "footprintd/base/hex.h"
#include "footprintd/base/json.h"

/* Parameters of one field, more than a client has a use for. */
#define PARAMETERS_MAX 32
/* A longer field is not looked at. */
#define FIELD_MAX 8192

typedef enum parameter {
    PARAMETER_USERNAME,
    PARAMETER_USERNAME_EXT,
    PARAMETER_REALM,
    PARAMETER_NONCE,
    PARAMETER_URI,
    PARAMETER_RESPONSE,
    PARAMETER_ALGORITHM,
    PARAMETER_CNONCE,
    PARAMETER_QOP,
    PARAMETER_NC,
    PARAMETER_USERHASH,
    PARAMETER_COUNT
} parameter_t;

/*
 * RFC 7616 3.4 says which are quoted and which are not; clients differ on algorithm, qop and nc, so
 * that either form of these is taken.
 */
static const struct {
    const char *name;
    enum { QUOTED, TOKEN, EITHER } form;
} parameters[PARAMETER_COUNT] = {
    [PARAMETER_USERNAME] = {"username", QUOTED},
    [PARAMETER_USERNAME_EXT] = {"username*", TOKEN},
    [PARAMETER_REALM] = {"realm", QUOTED},
    [PARAMETER_NONCE] = {"nonce", QUOTED},
    [PARAMETER_URI] = {"uri", QUOTED},
    [PARAMETER_RESPONSE] = {"response", QUOTED},
    [PARAMETER_ALGORITHM] = {"algorithm", EITHER},
    [PARAMETER_CNONCE] = {"cnonce", QUOTED},
    [PARAMETER_QOP] = {"qop", EITHER},
    [PARAMETER_NC] = {"nc", EITHER},
    [PARAMETER_USERHASH] = {"userhash", EITHER},
};

static bool is_tchar(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("!#$%&'*+-.^_`|~", c));
}

static slice_t skip(slice_t s, size_t n)
{
    return slice_of(s.ptr + n, s.len - n);
}

static slice_t skip_blanks(slice_t s)
{
    while (s.len && (s.ptr[0] == ' ' || s.ptr[0] == '\t')) {
        s = skip(s, 1);
    }
    return s;
}

static slice_t take_token(slice_t *s)
{
    size_t n = 0;
    while (n < s->len && is_tchar(s->ptr[n])) {
        n++;
    }
    slice_t token = slice_of(s->ptr, n);
    *s = skip(*s, n);
    return token;
}

/*
 * quoted-string (RFC 9110 5.6.4). Its value is what stands between the quotes without the
 * backslashes; it is copied only when there are some. scratch has room for the whole field.
 */
static bool take_quoted(slice_t *s, buf_t *scratch, slice_t *out)
{
    size_t start = scratch->len;
    bool escaped = false;
    for (size_t i = 1; i < s->len; i++) {
        unsigned char c = (unsigned char)s->ptr[i];
        if (c == '"') {
            *out = escaped ? slice_of(scratch->ptr + start, scratch->len - start)
                           : slice_of(s->ptr + 1, i - 1);
            *s = skip(*s, i + 1);
            return true;
        }
        if (c == '\\') {
            if (!escaped) {
                buf_append(scratch, s->ptr + 1, i - 1);
                escaped = true;
            }
            if (++i == s->len) {
                return false;
            }
            c = (unsigned char)s->ptr[i];
        }
        if ((c < 0x20 && c != '\t') || c == 0x7f) {
            return false;
        }
        if (escaped) {
            buf_append_char(scratch, (char)c);
        }
    }
    return false;
}

typedef struct fields {
    slice_t values[PARAMETER_COUNT];
    bool present[PARAMETER_COUNT];
} fields_t;

static bool note(fields_t *fields, slice_t name, slice_t value, bool quoted)
{
    for (int i = 0; i < PARAMETER_COUNT; i++) {
        if (slice_eq_nocase(name, slice_str(parameters[i].name))) {
            bool fits = parameters[i].form == EITHER || (parameters[i].form == QUOTED) == quoted;
            if (!fits || fields->present[i]) {
                return false;
            }
            fields->present[i] = true;
            fields->values[i] = value;
        }
    }
    return true; /* others mean nothing to us */
}

/* #auth-param (RFC 9110 11.2, 5.6.1: empty elements are passed over). */
static bool take_parameters(slice_t s, buf_t *scratch, fields_t *fields)
{
    size_t count = 0;
    for (s = skip_blanks(s); s.len; s = skip_blanks(s)) {
        if (s.ptr[0] == ',') {
            s = skip(s, 1);
            continue;
        }
        slice_t name = take_token(&s), value;
        s = skip_blanks(s);
        if (!name.len || !s.len || s.ptr[0] != '=' || ++count > PARAMETERS_MAX) {
            return false;
        }
        s = skip_blanks(skip(s, 1));
        bool quoted = s.len && s.ptr[0] == '"';
        if (quoted && !take_quoted(&s, scratch, &value)) {
            return false;
        }
        if (!quoted && !(value = take_token(&s)).len) {
            return false;
        }
        s = skip_blanks(s);
        if ((s.len && s.ptr[0] != ',') || !note(fields, name, value, quoted)) {
            return false;
        }
    }
    return true;
}

/* ext-value of RFC 8187 3.2.1, with the one character set that RFC 7616 has. */
static bool decode_ext(slice_t text, buf_t *scratch, slice_t *out)
{
    const slice_t start = SLICE_LIT("UTF-8'");
    if (text.len <= start.len || !slice_eq_nocase(slice_of(text.ptr, start.len), start)) {
        return false;
    }
    text = skip(text, start.len);
    const char *quote = memchr(text.ptr, '\'', text.len);
    if (!quote) {
        return false;
    }
    text = skip(text, (size_t)(quote - text.ptr) + 1);
    size_t from = scratch->len;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '%') {
            int byte = hex_byte(skip(text, i + 1));
            if (byte < 0) {
                return false;
            }
            c = (char)byte;
            i += 2;
        } else if (c == '\'' || c == '*') {
            return false;
        }
        buf_append_char(scratch, c);
    }
    *out = slice_of(scratch->ptr + from, scratch->len - from);
    return utf8_valid(*out);
}

static bool parse_nc(slice_t text, uint32_t *out)
{
    uint8_t bytes[4];
    if (!hex_decode(text, bytes, 4)) {
        return false;
    }
    *out = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
    return true;
}

/* RFC 7616 3.4: without the parameter it is MD5. */
static digest_algorithm_t algorithm_of(const fields_t *fields)
{
    slice_t name = fields->values[PARAMETER_ALGORITHM];
    if (!fields->present[PARAMETER_ALGORITHM] || slice_eq_nocase(name, SLICE_LIT("MD5"))) {
        return DIGEST_MD5;
    }
    return slice_eq_nocase(name, SLICE_LIT("SHA-256")) ? DIGEST_SHA256 : DIGEST_UNKNOWN;
}

static digest_syntax_t check(const fields_t *f, buf_t *scratch, digest_credentials_t *out)
{
    const slice_t *v = f->values;
    const bool *p = f->present;
    out->algorithm = algorithm_of(f);
    if (p[PARAMETER_USERNAME] == p[PARAMETER_USERNAME_EXT] || !p[PARAMETER_REALM] ||
        !p[PARAMETER_NONCE] || !p[PARAMETER_URI] || !p[PARAMETER_RESPONSE]) {
        return DIGEST_MALFORMED;
    }
    if (out->algorithm == DIGEST_UNKNOWN || !p[PARAMETER_QOP] ||
        !slice_eq_nocase(v[PARAMETER_QOP], SLICE_LIT("auth")) ||
        (p[PARAMETER_USERHASH] && !slice_eq_nocase(v[PARAMETER_USERHASH], SLICE_LIT("false")))) {
        return DIGEST_NOT_OFFERED;
    }
    out->username = v[PARAMETER_USERNAME];
    if (p[PARAMETER_USERNAME_EXT] &&
        !decode_ext(v[PARAMETER_USERNAME_EXT], scratch, &out->username)) {
        return DIGEST_MALFORMED;
    }
    out->realm = v[PARAMETER_REALM];
    out->nonce = v[PARAMETER_NONCE];
    out->uri = v[PARAMETER_URI];
    out->cnonce = v[PARAMETER_CNONCE];
    out->nc_text = v[PARAMETER_NC];
    bool fits = p[PARAMETER_CNONCE] && p[PARAMETER_NC] && parse_nc(out->nc_text, &out->nc) &&
                hex_decode(v[PARAMETER_RESPONSE], out->response, digest_hash_size(out->algorithm));
    return fits ? DIGEST_FINE : DIGEST_MALFORMED;
}

digest_syntax_t digest_parse(slice_t authorization, buf_t *scratch, digest_credentials_t *out)
{
    *out = (digest_credentials_t){0};
    slice_t s = skip_blanks(authorization);
    slice_t scheme = take_token(&s);
    if (!slice_eq_nocase(scheme, SLICE_LIT("Digest")) ||
        (s.len && s.ptr[0] != ' ' && s.ptr[0] != '\t')) {
        return DIGEST_OTHER_SCHEME;
    }
    fields_t fields = {0};
    /* All at once: slices of it must not move. */
    if (s.len > FIELD_MAX || !buf_reserve(scratch, 2 * s.len + 1) ||
        !take_parameters(s, scratch, &fields)) {
        return DIGEST_MALFORMED;
    }
    return check(&fields, scratch, out);
}
