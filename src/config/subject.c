#include "certificate.h"

#include "footprintd/base/hex.h"
#include "footprintd/base/json.h"

#include <openssl/objects.h>
#include <stdlib.h>

/* Attributes of one name, which is more than any has. */
#define ATTRIBUTES_MAX 64
#define OID_TEXT       128

typedef struct attribute {
    size_t rdn; /* its place in the name, from the root */
    slice_t key;
} attribute_t;

/* The names of RFC 4514 3, and two that are common; others as OpenSSL has them, or numbers. */
static const struct {
    const char *name;
    int nid;
} short_names[] = {
    {"CN", NID_commonName},
    {"L", NID_localityName},
    {"ST", NID_stateOrProvinceName},
    {"O", NID_organizationName},
    {"OU", NID_organizationalUnitName},
    {"C", NID_countryName},
    {"STREET", NID_streetAddress},
    {"DC", NID_domainComponent},
    {"UID", NID_userId},
    {"emailAddress", NID_pkcs9_emailAddress},
    {"serialNumber", NID_serialNumber},
};

/* ---- keys ---- */

/* caseIgnoreMatch, as RFC 5280 7.1 wants names compared: ASCII letters fold, blanks collapse. */
static void append_folded(buf_t *out, slice_t value)
{
    bool blank = false;
    bool begun = false;
    for (size_t i = 0; i < value.len; i++) {
        char c = value.ptr[i];
        if (c == ' ') {
            blank = begun;
            continue;
        }
        if (blank) {
            buf_append_char(out, ' ');
        }
        blank = false;
        begun = true;
        buf_append_char(out, c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c);
    }
}

/* Lengths stand before texts, so that no value can look like two. */
static void append_attribute(buf_t *out, slice_t oid, slice_t value)
{
    buf_t folded = BUF_INIT;
    append_folded(&folded, value);
    buf_printf(out, "%.*s=%zu:", SLICE_ARG(oid), folded.len);
    buf_append_slice(out, buf_slice(&folded));
    out->failed |= buf_failed(&folded);
    buf_release(&folded);
}

static int cmp_attribute(const void *x, const void *y)
{
    const attribute_t *a = x, *b = y;
    if (a->rdn != b->rdn) {
        return a->rdn < b->rdn ? -1 : 1;
    }
    return slice_cmp(a->key, b->key);
}

/* texts holds the attributes' keys; `ends` says where each ends. */
static void append_key(buf_t *out, attribute_t *attributes, size_t count, const buf_t *texts,
                       const size_t *ends)
{
    for (size_t i = 0; i < count; i++) {
        size_t from = i ? ends[i - 1] : 0;
        /* None when memory is out, which `texts` says. */
        attributes[i].key = slice_of(texts->ptr ? texts->ptr + from : NULL,
                                     texts->ptr ? ends[i] - from : 0);
    }
    /* The attributes of one RDN are a set. */
    qsort(attributes, count, sizeof *attributes, cmp_attribute);
    buf_append_char(out, 's');
    for (size_t i = 0; i < count; i++) {
        buf_append_char(out, i && attributes[i].rdn == attributes[i - 1].rdn ? '+' : ',');
        buf_append_slice(out, attributes[i].key);
    }
}

bool subject_key_of(const X509_NAME *name, buf_t *out)
{
    attribute_t attributes[ATTRIBUTES_MAX];
    size_t ends[ATTRIBUTES_MAX];
    buf_t texts = BUF_INIT;
    int count = X509_NAME_entry_count(name);
    bool fine = count > 0 && count <= ATTRIBUTES_MAX;
    for (int i = 0; fine && i < count; i++) {
        const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
        char oid[OID_TEXT];
        unsigned char *utf8 = NULL;
        int oid_len = OBJ_obj2txt(oid, sizeof oid, X509_NAME_ENTRY_get_object(entry), 1);
        int len = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(entry));
        fine = oid_len > 0 && oid_len < (int)sizeof oid && len >= 0;
        if (fine) {
            append_attribute(&texts, slice_of(oid, (size_t)oid_len),
                             slice_of((const char *)utf8, (size_t)len));
            attributes[i].rdn = (size_t)X509_NAME_ENTRY_set(entry);
            ends[i] = texts.len;
        }
        OPENSSL_free(utf8);
    }
    if (fine) {
        append_key(out, attributes, (size_t)count, &texts, ends);
        out->failed |= buf_failed(&texts);
    }
    buf_release(&texts);
    return fine;
}

/* ---- RFC 4514 ---- */

static bool find_oid(slice_t type, char oid[OID_TEXT])
{
    char text[OID_TEXT];
    int len = -1;
    for (size_t i = 0; i < sizeof short_names / sizeof short_names[0]; i++) {
        if (slice_eq_nocase(type, slice_str(short_names[i].name))) {
            len = OBJ_obj2txt(oid, OID_TEXT, OBJ_nid2obj(short_names[i].nid), 1);
        }
    }
    if (len < 0 && type.len && type.len < sizeof text && !memchr(type.ptr, '\0', type.len)) {
        memcpy(text, type.ptr, type.len);
        text[type.len] = '\0';
        ASN1_OBJECT *object = OBJ_txt2obj(text, 0);
        if (object) {
            len = OBJ_obj2txt(oid, OID_TEXT, object, 1);
        }
        ASN1_OBJECT_free(object);
    }
    return len > 0 && len < OID_TEXT;
}

static bool is_special(char c)
{
    return c == ',' || c == '+' || c == ';' || c == '"' || c == '<' || c == '>' || c == '\0';
}

/* attributeValue without the form of '#': up to a ',' or '+', unescaped. */
static const char *read_value(slice_t *rest, buf_t *out)
{
    size_t i = 0;
    if (rest->len && rest->ptr[0] == '#') {
        return "has a value in hexadecimal, which is not taken: write it as text";
    }
    for (; i < rest->len && rest->ptr[i] != ',' && rest->ptr[i] != '+'; i++) {
        char c = rest->ptr[i];
        if (is_special(c)) {
            return "has one of ; \" < > without a backslash before it";
        }
        if (c != '\\') {
            buf_append_char(out, c);
            continue;
        }
        int byte = hex_byte(slice_of(rest->ptr + i + 1, rest->len - i - 1));
        if (byte >= 0) {
            buf_append_char(out, (char)byte);
            i += 2;
        } else if (i + 1 < rest->len && strchr(" #=\\,+;\"<>", rest->ptr[i + 1]) &&
                   rest->ptr[i + 1]) {
            buf_append_char(out, rest->ptr[++i]);
        } else {
            return "has a backslash that escapes nothing";
        }
    }
    *rest = slice_of(rest->ptr + i, rest->len - i);
    return NULL;
}

static const char *read_attribute(slice_t *rest, buf_t *out)
{
    char oid[OID_TEXT];
    while (rest->len && rest->ptr[0] == ' ') {
        *rest = slice_of(rest->ptr + 1, rest->len - 1);
    }
    const char *equals = rest->len ? memchr(rest->ptr, '=', rest->len) : NULL;
    if (!equals) {
        return "is not a list of TYPE=value, as RFC 4514 has it";
    }
    slice_t type = slice_of(rest->ptr, (size_t)(equals - rest->ptr));
    *rest = slice_of(equals + 1, rest->len - type.len - 1);
    while (type.len && type.ptr[type.len - 1] == ' ') {
        type.len--;
    }
    if (!find_oid(type, oid)) {
        return "has an attribute type that is not known: write it as a number such as 2.5.4.3";
    }
    buf_t value = BUF_INIT;
    const char *wrong = read_value(rest, &value);
    if (!wrong && !utf8_valid(buf_slice(&value))) {
        wrong = "has a value that is not UTF-8";
    }
    if (!wrong) {
        append_attribute(out, slice_str(oid), buf_slice(&value));
        out->failed |= buf_failed(&value);
    }
    buf_release(&value);
    return wrong;
}

/* The text begins with the leaf of the name, so places count down. */
const char *subject_key_parse(slice_t text, buf_t *out)
{
    attribute_t attributes[ATTRIBUTES_MAX];
    size_t ends[ATTRIBUTES_MAX];
    buf_t texts = BUF_INIT;
    const char *wrong = NULL;
    size_t count = 0, rdn = ATTRIBUTES_MAX;
    for (bool more = true; more && !wrong;) {
        wrong = count == ATTRIBUTES_MAX ? "has more attributes than a name may have"
                                        : read_attribute(&text, &texts);
        if (!wrong) {
            attributes[count].rdn = rdn;
            ends[count++] = texts.len;
            more = text.len > 0;
            rdn -= more && text.ptr[0] == ',' ? 1 : 0;
            text = more ? slice_of(text.ptr + 1, text.len - 1) : text;
        }
    }
    if (!wrong) {
        append_key(out, attributes, count, &texts, ends);
        out->failed |= buf_failed(&texts);
    }
    buf_release(&texts);
    return wrong;
}
