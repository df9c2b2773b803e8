#include "command.h"
#include "footprintd/doc/finding.h"
#include "footprintd/store/file.h"
#include "options.h"
#include "remote.h"
#include "replace.h"
#include "secret.h"
#include "ucdn_edit.h"

#include <fcntl.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <unistd.h>

#define FILE_BYTES ((size_t)16 << 20)

static const char help_text[] =
    "Usage: footprintctl ucdn list --file FILE\n"
    "       footprintctl ucdn add --file FILE [--user USER] [--password-file FILE] [--realm "
    "REALM]\n"
    "           [--san NAME] [--subject NAME] [--pin FILE] NAME\n"
    "       footprintctl ucdn revoke --file FILE NAME\n"
    "\n"
    "Lists, adds and revokes upstream CDNs in a file of profiles, see ucdns.yaml(5). Comments and\n"
    "layout stay. footprintd reads the file again on SIGHUP.\n"
    "\n"
    "  --file           the profiles; add makes the file when there is none\n"
    "  --user           known by HTTP Digest, as this user\n"
    "  --password-file  the file whose first line is the password, - for standard input;\n"
    "                   without it, it is asked for\n"
    "  --realm          the realm that the server has; default: footprintd\n"
    "  --san            known by a client certificate with this alternative name, such as\n"
    "                   dns:router.ucdn.example; again for more\n"
    "  --subject        known by a client certificate with this subject (RFC 4514); likewise\n"
    "  --pin            known by the public key of the certificate in this file; likewise\n"
    "  --help           show this text\n"
    "\n"
    "Exit codes: 0 fine, 1 there is such a name already, or none, or the file has errors, 2 "
    "usage.\n";

typedef struct ucdn_options {
    const char *file;
    const char *user;
    const char *password_file;
    const char *realm;
    buf_t certificates; /* the lines of its items */
    const char *verb;
    slice_t name;
} ucdn_options_t;

static int refuse(const char *file, const char *what)
{
    (void)fprintf(stderr, "footprintctl: %s: %s\n", file, what);
    return CTL_REFUSED;
}

static void add_item(ucdn_options_t *o, const char *key, slice_t value)
{
    buf_printf(&o->certificates, "    - %s: ", key);
    json_write_string(&o->certificates, value); /* which is YAML too */
    buf_append_char(&o->certificates, '\n');
}

static int add_pin(ucdn_options_t *o, const char *path)
{
    FILE *file = fopen(path, "rbe");
    X509 *certificate = file ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;
    unsigned char *der = NULL, digest[DIGEST_SIZE];
    int len = certificate ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der) : -1;
    bool made = len > 0 && EVP_Digest(der, (size_t)len, digest, NULL, EVP_sha256(), NULL) == 1;
    if (file) {
        (void)fclose(file);
    }
    X509_free(certificate);
    OPENSSL_free(der);
    if (!made) {
        return refuse(path, "has no certificate in PEM");
    }
    char hex[2 * DIGEST_SIZE + 1];
    for (size_t i = 0; i < DIGEST_SIZE; i++) {
        (void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    }
    add_item(o, "spki-sha256", slice_str(hex));
    return -1;
}

static int take_option(ucdn_options_t *o, int code)
{
    switch (code) {
    case 'f':
        o->file = optarg;
        return -1;
    case 'u':
        o->user = optarg;
        return -1;
    case 'p':
        o->password_file = optarg;
        return -1;
    case 'r':
        o->realm = optarg;
        return -1;
    case 'n':
    case 's':
        if (!utf8_valid(slice_str(optarg))) {
            return remote_usage("ucdn", "a name is UTF-8");
        }
        add_item(o, code == 'n' ? "san" : "subject", slice_str(optarg));
        return -1;
    case 'i':
        return add_pin(o, optarg);
    case 'h':
        (void)fputs(help_text, stdout);
        return CTL_FINE;
    default:
        return options_refused("ucdn", help_text);
    }
}

static int check_options(ucdn_options_t *o)
{
    slice_t verb = slice_str(o->verb);
    bool add = slice_is(verb, "add"), list = slice_is(verb, "list");
    if (!add && !list && !slice_is(verb, "revoke")) {
        return remote_usage("ucdn", "list, add or revoke is wanted, not '%s'", o->verb);
    }
    if (!o->file) {
        return remote_usage("ucdn", "--file FILE is needed");
    }
    if (list == (o->name.len > 0)) {
        return remote_usage("ucdn", list ? "list takes no name" : "the name of one uCDN is wanted");
    }
    if (!add && (o->user || o->certificates.len || o->password_file || o->realm)) {
        return remote_usage("ucdn", "what it is known by is of add");
    }
    if ((o->password_file || o->realm) && !o->user) {
        return remote_usage("ucdn", "--password-file and --realm are of a --user");
    }
    if (add && !o->user && !o->certificates.len && !slice_is(o->name, UCDN_ANONYMOUS)) {
        return remote_usage("ucdn", "give what it is known by: --user, --san, --subject or --pin");
    }
    if (o->user && !utf8_valid(slice_str(o->user))) {
        return remote_usage("ucdn", "a user is UTF-8");
    }
    return -1;
}

static int parse_options(int argc, char **argv, ucdn_options_t *o)
{
    static const struct option table[] = {{"file", required_argument, NULL, 'f'},
                                          {"user", required_argument, NULL, 'u'},
                                          {"password-file", required_argument, NULL, 'p'},
                                          {"realm", required_argument, NULL, 'r'},
                                          {"san", required_argument, NULL, 'n'},
                                          {"subject", required_argument, NULL, 's'},
                                          {"pin", required_argument, NULL, 'i'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    int c;
    opterr = 0;
    while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
        int code = take_option(o, c);
        if (code >= 0) {
            return code;
        }
    }
    if (optind == argc) {
        return remote_usage("ucdn", "list, add or revoke is wanted");
    }
    if (argc - optind > 2) {
        return remote_usage("ucdn", "one name at a time");
    }
    o->verb = argv[optind];
    o->name = slice_str(optind + 1 < argc ? argv[optind + 1] : "");
    return check_options(o);
}

/* ---- the file ---- */

static void print_findings(findings_t *findings)
{
    findings_sort(findings);
    buf_t line = BUF_INIT;
    for (size_t i = 0; i < findings->count; i++) {
        if (finding_infos[findings->items[i].code].severity == SEVERITY_ERROR) {
            finding_format(&findings->items[i], &line);
            buf_append_char(&line, '\n');
        }
    }
    (void)fwrite(line.ptr ? line.ptr : "", 1, line.len, stderr);
    buf_release(&line);
}

static err_t parse(slice_t text, const char *file, ucdns_t **out)
{
    findings_t findings;
    findings_init(&findings, 0);
    err_t err = ucdns_parse(text, slice_str(file), out, &findings);
    print_findings(&findings);
    findings_release(&findings);
    return err;
}

/* One that is not there yet has nobody in it, when it may be made. */
static int read_profiles(const ucdn_options_t *o, bool may_make, buf_t *text, ucdns_t **out)
{
    buf_t why = BUF_INIT;
    int code = -1;
    bool make = may_make && access(o->file, F_OK) != 0;
    if (!make && (store_file_check_private(o->file, &why) ||
                  store_file_read(AT_FDCWD, o->file, FILE_BYTES, text, &why))) {
        buf_append_char(&why, '\0');
        code = refuse(o->file, why.ptr);
    }
    buf_release(&why);
    if (code < 0 && parse(make ? SLICE_LIT("{}\n") : buf_slice(text), o->file, out)) {
        code = CTL_REFUSED;
    }
    return code;
}

/* The profiles but one, in their order. */
static bool same_but(const ucdns_t *few, const ucdns_t *many, size_t extra)
{
    if (ucdns_count(few) + 1 != ucdns_count(many)) {
        return false;
    }
    for (size_t i = 0; i < ucdns_count(few); i++) {
        size_t other = i < extra ? i : i + 1;
        if (!slice_eq(ucdns_profile(few, i)->name, ucdns_profile(many, other)->name)) {
            return false;
        }
    }
    return true;
}

static int write_profiles(const ucdn_options_t *o, const buf_t *before, const buf_t *after)
{
    buf_t why = BUF_INIT;
    int code = CTL_FINE;
    if (replace_file(o->file, buf_slice(before), buf_slice(after), &why)) {
        buf_append_char(&why, '\0');
        code = refuse(o->file, why.ptr ? why.ptr : "");
    }
    buf_release(&why);
    return code;
}

/* ---- verbs ---- */

static int verb_list(const ucdns_t *ucdns)
{
    buf_t out = BUF_INIT;
    for (size_t i = 0; i < ucdns_count(ucdns); i++) {
        const ucdn_profile_t *p = ucdns_profile(ucdns, i);
        buf_append_slice(&out, p->name);
        if (p->certificates) {
            buf_printf(&out, "  %zu certificate%s", p->certificates,
                       p->certificates == 1 ? "" : "s");
        }
        if (p->user.len) {
            buf_append_str(&out, "  user ");
            buf_append_printable(&out, p->user, "");
        }
        buf_append_str(&out, i == ucdns_anonymous(ucdns) ? "  whoever has no credentials\n" : "\n");
    }
    return remote_print(&out);
}

static bool write_digest(const ucdn_options_t *o, buf_t *out)
{
    buf_t password = BUF_INIT;
    hasher_t hasher;
    digest_t ha1;
    if (!secret_read(o->password_file, "password", true, &password)) {
        secret_release(&password);
        return false;
    }
    bool ok = hasher_init(&hasher) == ERR_OK;
    if (ok) {
        hasher_begin(&hasher);
        hasher_update_slice(&hasher, slice_str(o->user));
        hasher_update(&hasher, ":", 1);
        hasher_update_slice(&hasher, slice_str(o->realm ? o->realm : "footprintd"));
        hasher_update(&hasher, ":", 1);
        hasher_update_slice(&hasher, buf_slice(&password));
        ok = hasher_finish(&hasher, &ha1) == ERR_OK;
        hasher_release(&hasher);
    }
    secret_release(&password);
    buf_append_str(out, "  digest:\n    user: ");
    json_write_string(out, slice_str(o->user));
    buf_append_str(out, "\n    ha1-sha256: \"");
    for (size_t i = 0; ok && i < DIGEST_SIZE; i++) {
        buf_printf(out, "%02x", ha1.bytes[i]);
    }
    buf_append_str(out, "\"\n");
    return ok;
}

static int verb_add(const ucdn_options_t *o, const buf_t *text, const ucdns_t *before)
{
    buf_t lines = BUF_INIT, after = BUF_INIT;
    ucdns_t *made = NULL;
    int code = CTL_REFUSED;
    if (ucdns_find(before, o->name) != UCDN_NONE) {
        return refuse(o->file, "there is a uCDN of this name already");
    }
    buf_printf(&lines, "%.*s:\n", SLICE_ARG(o->name));
    if (o->certificates.len) {
        buf_append_str(&lines, "  certificates:\n");
        buf_append_slice(&lines, buf_slice(&o->certificates));
    }
    if (!o->user || write_digest(o, &lines)) {
        ucdn_edit_append(buf_slice(text), before, buf_slice(&lines), &after);
        if (!buf_failed(&lines) && !buf_failed(&after) &&
            parse(buf_slice(&after), o->file, &made) == ERR_OK) {
            code = same_but(before, made, ucdns_count(before))
                       ? write_profiles(o, text, &after)
                       : refuse(o->file, "is not laid out with a line for each name: edit it");
        }
    }
    ucdns_unref(made);
    buf_release(&lines);
    buf_release(&after);
    return code;
}

static int verb_revoke(const ucdn_options_t *o, const buf_t *text, const ucdns_t *before)
{
    buf_t after = BUF_INIT;
    ucdns_t *made = NULL;
    size_t index = ucdns_find(before, o->name);
    int code = CTL_REFUSED;
    if (index == UCDN_NONE) {
        code = refuse(o->file, "there is no uCDN of this name");
    } else if (ucdn_edit_remove(buf_slice(text), before, index, &after) && !buf_failed(&after) &&
               parse(buf_slice(&after), o->file, &made) == ERR_OK &&
               same_but(made, before, index)) {
        code = write_profiles(o, text, &after);
    } else {
        code = refuse(o->file, "is not laid out with a line for each name: edit it");
    }
    ucdns_unref(made);
    buf_release(&after);
    return code;
}

int ctl_ucdn_run(int argc, char **argv)
{
    ucdn_options_t o = {0};
    buf_t text = BUF_INIT;
    ucdns_t *ucdns = NULL;
    int code = parse_options(argc, argv, &o);
    if (code < 0) {
        bool adds = slice_is(slice_str(o.verb), "add");
        code = read_profiles(&o, adds, &text, &ucdns);
        if (code < 0) {
            code = slice_is(slice_str(o.verb), "list") ? verb_list(ucdns)
                   : adds                              ? verb_add(&o, &text, ucdns)
                                                       : verb_revoke(&o, &text, ucdns);
        }
    }
    ucdns_unref(ucdns);
    buf_release(&text);
    buf_release(&o.certificates);
    return code;
}
