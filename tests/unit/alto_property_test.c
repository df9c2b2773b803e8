/*
 * Both property maps by small examples: validation, what an answer lists, limits, and the rules of
 * RFC 9240 8 and RFC 9241 6.
 *
 * Texts are shortened on both sides: quotes are ' , and a capability {"capability-type":
 * "FCI.Metadata","capability-value":{"metadata":["MI.A"]}} is A.
 */
#include "property_fixture.h"

#include "alto/properties.h"

#define PUT(name, footprints)                                                                      \
    "  - {capability-type: FCI.Metadata, capability-value: {metadata: [MI." name "]},\n"           \
    "     footprints: [" footprints "]}\n"

static const char documents[] =
    "footprints:\n"
    "  metro: {cidr: [192.0.2.0/24, \"2001:db8::/32\"]}\n"
    "  block: {cidr: [192.0.2.64/26]}\n"
    "  germany: {countrycode: [de]}\n"
    "  as: {asn: [as64496]}\n"
    "  both: {asn: [as64497], countrycode: [at]}\n"
    "  union: {footprintunion: [{subdivisioncode: [us-ny]}, {countrycode: [mx]}]}\n"
    "  pid: {altopid: [pid-a]}\n"
    "capabilities:\n" PUT("M", "metro") PUT("B", "block") PUT("G", "germany") PUT("S", "as")
        PUT("X", "both") PUT("U", "union")
            PUT("P", "pid") "network-maps:\n"
                            "  netmap:\n"
                            "    pids:\n"
                            "      pid-a: {ipv4: [192.0.2.0/25]}\n"
                            "      pid-b: {ipv4: [198.51.100.0/24]}\n"
                            "      pid-c: {ipv4: [0.0.0.0/0], ipv6: [\"::/0\"]}\n";

static const spot_t spots[] = {
    {"192.0.2.0/24", "DE", NULL, 64496},      {"198.51.100.0/24", "AT", NULL, 64497},
    {"198.51.100.128/25", "US", "NY", 64497}, {"203.0.113.0/24", "GB", "ENG WBK", 0},
    {"2001:db8::/32", "MX", NULL, 64498},
};

static snapshot_t *joined(size_t max_entities)
{
    const joined_options_t options = {
        .places = spots, .place_count = sizeof spots / sizeof *spots, .max_entities = max_entities};
    return joined_one(documents, &options);
}

/* ---- short texts ---- */

static void swap(char *text, char from, char to)
{
    for (; *text; text++) {
        *text = *text == from ? to : *text;
    }
}

static void cut(char *text, const char *part)
{
    for (char *at = strstr(text, part); at; at = strstr(at, part)) {
        memmove(at, at + strlen(part), strlen(at + strlen(part)) + 1);
    }
}

static void shorten(char *text)
{
    cut(text, "{\"capability-type\":\"FCI.Metadata\",\"capability-value\":{\"metadata\":[\"MI.");
    cut(text, "\"]}}");
    cut(text, ".cdni-capabilities");
    swap(text, '"', '\'');
}

typedef struct reply {
    int status;
    char *text; /* owned */
} reply_t;

static reply_t ask(const snapshot_t *s, const char *request)
{
    char long_form[4096];
    alto_answer_t answer;
    assert_true(strlen(request) < sizeof long_form);
    (void)snprintf(long_form, sizeof long_form, "%s", request);
    swap(long_form, '\'', '"');
    buf_t text = fixture_post(s, "/propmap-filtered", long_form, &answer);
    if (answer.status == 200) {
        assert_string_equal(answer.media_type, "application/alto-propmap+json");
    }
    shorten(text.ptr);
    return (reply_t){answer.status, text.ptr};
}

static const char *members(const char *text)
{
    const char *at = strstr(text, "'property-map':{");
    assert_non_null(at);
    return at + strlen("'property-map':{");
}

/* The members of "property-map", without the braces at its end. */
static void expect(const snapshot_t *s, const char *request, const char *want)
{
    reply_t r = ask(s, request);
    if (r.status != 200) {
        fail_msg("%s: %d %s", request, r.status, r.text);
    }
    const char *got = members(r.text);
    size_t n = strlen(got) - 2;
    if (n != strlen(want) || memcmp(got, want, n) != 0) {
        fail_msg("%s\n got %.*s\nwant %s", request, (int)n, got, want);
    }
    free(r.text);
}

static void expect_map_by_get(const snapshot_t *s, const char *want)
{
    buf_t text = fixture_body(s, "/propmap");
    buf_append_char(&text, '\0');
    shorten(text.ptr);
    const char *got = members(text.ptr);
    size_t n = strlen(got) - 2;
    if (n != strlen(want) || memcmp(got, want, n) != 0) {
        fail_msg("\n got %.*s\nwant %s", (int)n, got, want);
    }
    buf_release(&text);
}

/* ---- validation (V1 to V12, N22 to N27) ---- */

static const struct {
    const char *request, *want; /* of the error's meta, or NULL: 200 */
} checks[] = {
    /* V1 */
    {"", "'code':'E_SYNTAX','syntax-error':'*"},
    {"{", "'code':'E_SYNTAX','syntax-error':'*"},
    {"[]", "'code':'E_SYNTAX','syntax-error':'*"},
    {"'entities'", "'code':'E_SYNTAX','syntax-error':'*"},
    {"null", "'code':'E_SYNTAX','syntax-error':'*"},
    {"{'entities':[]} x", "'code':'E_SYNTAX','syntax-error':'*"},
    {"{'entities':[],'entities':[]}", "'code':'E_SYNTAX','syntax-error':'*"},
    {"{'x':{'a':1,'a':2},'entities':[]}", "'code':'E_SYNTAX','syntax-error':'*"},
    /* V2, before anything is said of properties */
    {"{}", "'code':'E_MISSING_FIELD','field':'entities'"},
    {"{'properties':5}", "'code':'E_MISSING_FIELD','field':'entities'"},
    {"{'Entities':[]}", "'code':'E_MISSING_FIELD','field':'entities'"},
    /* V3, V4: types come before values */
    {"{'entities':null}", "'code':'E_INVALID_FIELD_TYPE','field':'entities'"},
    {"{'entities':{}}", "'code':'E_INVALID_FIELD_TYPE','field':'entities'"},
    {"{'entities':'ipv4:192.0.2.1'}", "'code':'E_INVALID_FIELD_TYPE','field':'entities'"},
    {"{'entities':0,'properties':0}", "'code':'E_INVALID_FIELD_TYPE','field':'entities'"},
    {"{'entities':[],'properties':null}", "'code':'E_INVALID_FIELD_TYPE','field':'properties'"},
    {"{'entities':['x'],'properties':'netmap.pid'}",
     "'code':'E_INVALID_FIELD_TYPE','field':'properties'"},
    /* V5 */
    {"{'entities':[1.50]}", "'code':'E_INVALID_FIELD_VALUE','field':'entities','value':'1.50'"},
    {"{'entities':[null]}", "'code':'E_INVALID_FIELD_VALUE','field':'entities','value':'null'"},
    {"{'entities':[{'a' : [true]}]}",
     "'code':'E_INVALID_FIELD_VALUE','field':'entities','value':'{\\'a\\':[true]}'"},
    {"{'entities':[],'properties':[[]]}",
     "'code':'E_INVALID_FIELD_VALUE','field':'properties','value':'[]'"},
    /* V6 */
    {"{'entities':['ane:x']}", "'code':'E_INVALID_FIELD_VALUE','field':'entities','value':'ane:x'"},
    {"{'entities':['other.pid:p']}",
     "'code':'E_INVALID_FIELD_VALUE','field':'entities','value':'other.pid:p'"},
    {"{'entities':['']}", "'code':'E_INVALID_FIELD_VALUE','field':'entities','value':''"},
    {"{'entities':['IPv4:192.0.2.1']}",
     "'code':'E_INVALID_FIELD_VALUE','field':'entities','value':'IPv4:192.0.2.1'"},
    /* V7 */
    {"{'entities':['ipv4:192.0.2.0/33']}",
     "'code':'E_INVALID_FIELD_VALUE','field':'entities','value':'ipv4:192.0.2.0/33'"},
    {"{'entities':['asn:AS64496']}",
     "'code':'E_INVALID_FIELD_VALUE','field':'entities','value':'asn:AS64496'"},
    {"{'entities':['countrycode:US']}",
     "'code':'E_INVALID_FIELD_VALUE','field':'entities','value':'countrycode:US'"},
    {"{'entities':['netmap.pid:a b']}",
     "'code':'E_INVALID_FIELD_VALUE','field':'entities','value':'netmap.pid:a b'"},
    /* V9 */
    {"{'entities':['ipv4:192.0.2.1'],'properties':['cdni.pid']}",
     "'code':'E_INVALID_FIELD_VALUE','field':'properties','value':'cdni.pid'"},
    {"{'entities':[],'properties':['pid']}",
     "'code':'E_INVALID_FIELD_VALUE','field':'properties','value':'pid'"},
    {"{'entities':[],'properties':['.priv:isp']}",
     "'code':'E_INVALID_FIELD_VALUE','field':'properties','value':'.priv:isp'"},
    {"{'entities':[],'properties':['']}",
     "'code':'E_INVALID_FIELD_VALUE','field':'properties','value':''"},
    /* The first alone, entities before properties, whatever the order of the text. */
    {"{'properties':['x'],'entities':['ipv4:192.0.2.1','asn:1','asn:2']}",
     "'code':'E_INVALID_FIELD_VALUE','field':'entities','value':'asn:1'"},
    {"{'entities':[],'properties':['netmap.pid','x','y']}",
     "'code':'E_INVALID_FIELD_VALUE','field':'properties','value':'x'"},
    /* V8, V10, V11, V12, and members that nobody knows */
    {"{'entities':['netmap.pid:nobody']}", NULL},
    {"{'entities':['asn:as64496'],'properties':['netmap.pid','.priv:asn']}", NULL},
    {"{'entities':['ipv4:192.0.2.1/24','ipv6:2001:db8::1/64']}", NULL},
    {"{'entities':['countrycode:zz','asn:as4294967295','subdivisioncode:zz-zzz']}", NULL},
    {"{'entities':[],'extra':{'a':[1,2,{}]}}", NULL},
};

static void test_validation(void **state)
{
    (void)state;
    snapshot_t *s = joined(0);
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        reply_t r = ask(s, checks[i].request);
        const char *want = checks[i].want;
        assert_int_equal(r.status, want ? 400 : 200);
        if (want) {
            const char *got = r.text + strlen("{'meta':{");
            size_t n = strcspn(want, "*");
            bool all = want[n] == '\0';
            if (strncmp(got, want, n) != 0 || (all && strcmp(got + n, "}}") != 0)) {
                fail_msg("%s\n got %s\nwant %s", checks[i].request, r.text, want);
            }
        }
        free(r.text);
    }
    snapshot_unref(s);
}

/* ---- what is listed ---- */

#define V4_IN                                                                                      \
    "'ipv4:192.0.2.1':{'cdni':[G,M,P,S],'netmap.pid':'pid-a','.priv:asn':'as64496',"               \
    "'.priv:countrycode':'de'}"

static void test_properties(void **state)
{
    (void)state;
    snapshot_t *s = joined(0);
    /* [] is all, and what has no value is left out (N27); V10: of another domain, too. */
    expect(s, "{'entities':['ipv4:192.0.2.1'],'properties':[]}", V4_IN);
    expect(s, "{'entities':['ipv4:192.0.2.1'],'properties':['.priv:subdivisioncode']}", "");
    expect(s, "{'entities':['asn:as64496'],'properties':['netmap.pid']}", "");
    expect(s,
           "{'entities':['ipv4:192.0.2.1'],'properties':['netmap.pid','.priv:asn','netmap.pid']}",
           "'ipv4:192.0.2.1':{'netmap.pid':'pid-a','.priv:asn':'as64496'}");
    /* Absent: which of them have any. */
    expect(s,
           "{'entities':['ipv4:192.0.2.1','asn:as1','asn:as64496','ipv4:203.0.113.0/24',"
           "'netmap.pid:pid-a','netmap.pid:pid-b','netmap.pid:pid-x','countrycode:at']}",
           "'ipv4:192.0.2.1':{},'asn:as64496':{},'ipv4:203.0.113.0/24':{},'netmap.pid:pid-a':{}");
    /* The most specific level of the subdivisions. */
    expect(s, "{'entities':['ipv4:203.0.113.9'],'properties':['.priv:subdivisioncode']}",
           "'ipv4:203.0.113.9':{'.priv:subdivisioncode':'gb-wbk'}");
    snapshot_unref(s);
}

/* Duplicates and aliases: one member, under the first spelling (O3). */
static void test_aliases(void **state)
{
    (void)state;
    snapshot_t *s = joined(0);
    expect(s,
           "{'entities':['ipv6:2001:DB8:0::7','ipv6:2001:db8::7','ipv6:2001:db8::7/128'],"
           "'properties':['cdni.cdni-capabilities']}",
           "'ipv6:2001:DB8:0::7':{'cdni':[M,U]}");
    expect(s,
           "{'entities':['ipv4:192.0.2.9/32','ipv4:192.0.2.9','ipv4:192.0.2.9/32'],"
           "'properties':['netmap.pid']}",
           "'ipv4:192.0.2.9/32':{'netmap.pid':'pid-a'}");
    /* V11 */
    expect(s,
           "{'entities':['ipv4:198.51.100.7/24','ipv4:198.51.100.0/24'],"
           "'properties':['netmap.pid']}",
           "'ipv4:198.51.100.7/24':{'netmap.pid':'pid-b'}");
    expect(s,
           "{'entities':['subdivisioncode:US-ny','subdivisioncode:us-NY'],"
           "'properties':['cdni.cdni-capabilities']}",
           "'subdivisioncode:US-ny':{'cdni':[U]}");
    expect(s, "{'entities':['asn:as64496','asn:as64496'],'properties':[]}",
           "'asn:as64496':{'cdni':[S]}");
    /* An escaped spelling is the text that it stands for. */
    expect(s, "{'entities':['ipv4:192.0.2.9\\u002f32'],'properties':['netmap.pid']}",
           "'ipv4:192.0.2.9/32':{'netmap.pid':'pid-a'}");
    snapshot_unref(s);
}

/* AND over types never holds for one value alone; the members of a union do (RFC 9241 6.1). */
static void test_values_by_themselves(void **state)
{
    (void)state;
    snapshot_t *s = joined(0);
    expect(s,
           "{'entities':['asn:as64496','asn:as64497','countrycode:de','countrycode:at',"
           "'countrycode:mx','subdivisioncode:us-ny','countrycode:us','netmap.pid:pid-a',"
           "'netmap.pid:pid-b','netmap.pid:none'],'properties':['cdni.cdni-capabilities']}",
           "'asn:as64496':{'cdni':[S]},'countrycode:de':{'cdni':[G]},"
           "'countrycode:mx':{'cdni':[U]},'subdivisioncode:us-ny':{'cdni':[U]},"
           "'netmap.pid:pid-a':{'cdni':[P]}");
    /* Both of an address: the join proves it. */
    expect(s, "{'entities':['ipv4:198.51.100.1'],'properties':['cdni.cdni-capabilities']}",
           "'ipv4:198.51.100.1':{'cdni':[X]}");
    expect(s, "{'entities':['ipv4:198.51.100.200'],'properties':['cdni.cdni-capabilities']}",
           "'ipv4:198.51.100.200':{'cdni':[U]}");
    snapshot_unref(s);
}

static void test_prefixes(void **state)
{
    (void)state;
    snapshot_t *s = joined(0);
    const char *const caps = "'properties':['cdni.cdni-capabilities']}";
    char request[512];
    /* Exceptions, by address; null where something is inherited that is not there. */
    (void)snprintf(request, sizeof request, "{'entities':['ipv4:192.0.2.0/23'],%s", caps);
    expect(s, request,
           "'ipv4:192.0.2.0/26':{'cdni':[G,M,P,S]},'ipv4:192.0.2.64/26':{'cdni':[B,G,M,P,S]},"
           "'ipv4:192.0.2.128/25':{'cdni':[G,M,S]}");
    (void)snprintf(request, sizeof request, "{'entities':['ipv4:198.51.100.0/23'],%s", caps);
    expect(s, request, "'ipv4:198.51.100.0/25':{'cdni':[X]},'ipv4:198.51.100.128/25':{'cdni':[U]}");
    expect(s,
           "{'entities':['ipv4:192.0.2.0/24'],"
           "'properties':['.priv:asn','netmap.pid','cdni.cdni-capabilities']}",
           "'ipv4:192.0.2.0/26':{'cdni':[G,M,P,S],'netmap.pid':'pid-a','.priv:asn':'as64496'},"
           "'ipv4:192.0.2.64/26':{'cdni':[B,G,M,P,S],'netmap.pid':'pid-a','.priv:asn':'as64496'},"
           "'ipv4:192.0.2.128/25':{'cdni':[G,M,S],'netmap.pid':'pid-c','.priv:asn':'as64496'}");
    /* As short, and what the prefix says holds for all of it: it stays. */
    expect(s, "{'entities':['ipv4:198.51.100.0/24'],'properties':['.priv:asn','netmap.pid']}",
           "'ipv4:198.51.100.0/24':{'netmap.pid':'pid-b','.priv:asn':'as64497'}");
    expect(s, "{'entities':['ipv4:192.0.2.0/25'],'properties':['cdni.cdni-capabilities']}",
           "'ipv4:192.0.2.0/25':{'cdni':[G,M,P,S]},'ipv4:192.0.2.64/26':{'cdni':[B,G,M,P,S]}");
    /* Nothing in it. */
    expect(s, "{'entities':['ipv4:203.0.112.0/24'],'properties':['.priv:asn']}", "");
    /* Lengths of 32 and 128 are addresses; 0 is everything, entities other than declared too. */
    expect(s,
           "{'entities':['ipv4:192.0.2.1/32','ipv6:2001:db8::1/128'],'properties':['.priv:asn']}",
           "'ipv4:192.0.2.1/32':{'.priv:asn':'as64496'},"
           "'ipv6:2001:db8::1/128':{'.priv:asn':'as64498'}");
    expect(s, "{'entities':['ipv4:0.0.0.0/0'],'properties':['.priv:asn']}",
           "'ipv4:192.0.2.0/24':{'.priv:asn':'as64496'},"
           "'ipv4:198.51.100.0/24':{'.priv:asn':'as64497'}");
    expect(s, "{'entities':['ipv6:::/0'],'properties':['.priv:asn','netmap.pid']}",
           "'ipv6:::/0':{'netmap.pid':'pid-c'},'ipv6:2001:db8::/32':{'.priv:asn':'as64498'}");
    snapshot_unref(s);
}

/*
 * What is asked for in a prefix that is asked for is a member by itself, with all that it has
 * (section 7, step 6), also where it has the same as what is around it.
 */
static void test_nested(void **state)
{
    (void)state;
    snapshot_t *s = joined(0);
    expect(s,
           "{'entities':['ipv4:192.0.2.200','ipv4:192.0.2.0/24','ipv4:192.0.2.130/26',"
           "'ipv4:192.0.2.65/26','ipv4:192.0.2.70'],'properties':['netmap.pid','.priv:asn']}",
           "'ipv4:192.0.2.0/25':{'netmap.pid':'pid-a','.priv:asn':'as64496'},"
           "'ipv4:192.0.2.65/26':{'netmap.pid':'pid-a','.priv:asn':'as64496'},"
           "'ipv4:192.0.2.70':{'netmap.pid':'pid-a','.priv:asn':'as64496'},"
           "'ipv4:192.0.2.128/25':{'netmap.pid':'pid-c','.priv:asn':'as64496'},"
           "'ipv4:192.0.2.130/26':{'netmap.pid':'pid-c','.priv:asn':'as64496'},"
           "'ipv4:192.0.2.200':{'netmap.pid':'pid-c','.priv:asn':'as64496'}");
    /* An entity of the answer in any case has the client's spelling, and then lists all it has. */
    expect(s,
           "{'entities':['ipv4:192.0.2.0/24','ipv4:192.0.2.127/26'],"
           "'properties':['cdni.cdni-capabilities','.priv:asn']}",
           "'ipv4:192.0.2.0/24':{'cdni':[G,M,S],'.priv:asn':'as64496'},"
           "'ipv4:192.0.2.0/26':{'cdni':[G,M,P,S]},"
           "'ipv4:192.0.2.127/26':{'cdni':[B,G,M,P,S],'.priv:asn':'as64496'}");
    /* Without anything, it is none. */
    expect(s,
           "{'entities':['ipv4:192.0.2.0/23','ipv4:192.0.3.0/24','ipv4:192.0.3.3'],"
           "'properties':['.priv:asn']}",
           "'ipv4:192.0.2.0/24':{'.priv:asn':'as64496'}");
    /* Both families, and prefixes beside other domains, which come first. */
    expect(s,
           "{'entities':['ipv6:2001:db8::/48','ipv6:2001:db8::/32','ipv4:192.0.2.0/28',"
           "'asn:as64496'],'properties':['cdni.cdni-capabilities']}",
           "'asn:as64496':{'cdni':[S]},'ipv4:192.0.2.0/28':{'cdni':[G,M,P,S]},"
           "'ipv6:2001:db8::/32':{'cdni':[M,U]},'ipv6:2001:db8::/48':{'cdni':[M,U]}");
    snapshot_unref(s);
}

/* N11: what is inherited is taken back with null. */
static void test_null(void **state)
{
    (void)state;
    static const spot_t holed[] = {{"192.0.2.0/24", "DE", NULL, 64496},
                                   {"192.0.2.64/26", "DE", NULL, 0},
                                   {"192.0.2.64/28", NULL, NULL, 0}};
    const joined_options_t options = {.places = holed, .place_count = 3};
    snapshot_t *s = joined_one("version: 1\n", &options);
    expect(s, "{'entities':['ipv4:192.0.2.0/24'],'properties':['.priv:asn','.priv:countrycode']}",
           "'ipv4:192.0.2.0/24':{'.priv:asn':'as64496','.priv:countrycode':'de'},"
           "'ipv4:192.0.2.64/26':{'.priv:asn':null},"
           "'ipv4:192.0.2.64/28':{'.priv:countrycode':null}");
    /* Asked for: null where it is inherited otherwise, and nothing where null is inherited. */
    expect(s,
           "{'entities':['ipv4:192.0.2.0/24','ipv4:192.0.2.64/26','ipv4:192.0.2.80/28'],"
           "'properties':['.priv:asn','.priv:countrycode']}",
           "'ipv4:192.0.2.0/24':{'.priv:asn':'as64496','.priv:countrycode':'de'},"
           "'ipv4:192.0.2.64/26':{'.priv:asn':null,'.priv:countrycode':'de'},"
           "'ipv4:192.0.2.64/28':{'.priv:countrycode':null},"
           "'ipv4:192.0.2.80/28':{'.priv:countrycode':'de'}");
    snapshot_unref(s);
}

/* ---- vtags (N20, N21) ---- */

static void expect_vtags(const snapshot_t *s, const char *request, const char *const *ids)
{
    reply_t r = ask(s, request);
    buf_t got = BUF_INIT, want = BUF_INIT;
    assert_int_equal(r.status, 200);
    for (const char *at = r.text; (at = strstr(at, "'resource-id':'")) != NULL;) {
        at += strlen("'resource-id':'");
        buf_printf(&got, "%.*s ", (int)strcspn(at, "'"), at);
    }
    for (; *ids; ids++) {
        buf_printf(&want, "%s ", *ids);
    }
    if (!slice_eq(buf_slice(&got), buf_slice(&want))) {
        fail_msg("%s\n got %.*s\nwant %.*s", request, SLICE_ARG(buf_slice(&got)),
                 SLICE_ARG(buf_slice(&want)));
    }
    buf_release(&got);
    buf_release(&want);
    free(r.text);
}

static const fixture_file_t several[] = {
    {"a.yaml",
     "footprints:\n"
     "  pid: {altopid: [pid-a]}\n"
     "  other: {altopid: [pid-b]}\n"
     "capabilities:\n" PUT(
         "A", "pid") "network-maps:\n"
                     "  main-map:\n"
                     "    default: true\n"
                     "    pids: {pid-a: {ipv4: [192.0.2.0/24]}, pid-b: {ipv4: [0.0.0.0/0]},\n"
                     "           pid-c: {ipv6: [\"::/0\"]}}\n"
                     "  alt-map:\n"
                     "    pids: {all: {ipv4: [0.0.0.0/0], ipv6: [\"::/0\"]}}\n"},
    {"b.yaml", "advertisement: second\ncapabilities:\n" PUT("B", "pid, other")},
    {"c.yaml", "advertisement: third\ncapabilities:\n" PUT("C", "everywhere")},
};

#define IDS(...)                                                                                   \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

static void test_vtags(void **state)
{
    (void)state;
    snapshot_t *s = joined_snapshot(several, 3, NULL);
    /* N20: something resource-agnostic is asked for, or everything. */
    static const char *const agnostic[] = {
        "{'entities':['ipv4:192.0.2.1'],'properties':['alt-map.pid']}",
        "{'entities':['main-map.pid:pid-a','asn:as64496'],'properties':['alt-map.pid']}",
        "{'entities':[],'properties':['third.cdni-capabilities']}",
        "{'entities':['countrycode:de']}",
    };
    for (size_t i = 0; i < sizeof agnostic / sizeof *agnostic; i++) {
        expect_vtags(s, agnostic[i], IDS("alt-map", "cdni", "main-map", "second", "third"));
    }
    /* N21: the domain's resource and those of the properties, in the order of `uses`. */
    expect_vtags(s, "{'entities':['main-map.pid:pid-a'],'properties':['second.cdni-capabilities']}",
                 IDS("main-map", "second"));
    expect_vtags(s,
                 "{'entities':['main-map.pid:pid-a','main-map.pid:pid-x'],"
                 "'properties':['second.cdni-capabilities','cdni.cdni-capabilities']}",
                 IDS("cdni", "main-map", "second"));
    expect_vtags(s, "{'entities':['main-map.pid:pid-a'],'properties':['alt-map.pid']}",
                 IDS("alt-map", "main-map"));
    expect_vtags(s, "{'entities':['main-map.pid:pid-a'],'properties':['third.cdni-capabilities']}",
                 IDS("main-map", "third"));
    /* All properties: those that the domain has. */
    expect_vtags(s, "{'entities':['main-map.pid:pid-a'],'properties':[]}",
                 IDS("cdni", "main-map", "second"));
    expect_vtags(s, "{'entities':['main-map.pid:pid-a']}", IDS("cdni", "main-map", "second"));
    snapshot_unref(s);
}

/* ---- several advertisements and maps ---- */

static void test_several(void **state)
{
    (void)state;
    snapshot_t *s = joined_snapshot(several, 3, NULL);
    /* A map's PIDs are entities, and an advertisement theirs, when it names them. */
    expect_map_by_get(s,
                      "'ipv4:0.0.0.0/0':{'alt-map.pid':'all','main-map.pid':'pid-b','second':[B],"
                      "'third':[C]},"
                      "'ipv4:192.0.2.0/24':{'cdni':[A],'main-map.pid':'pid-a'},"
                      "'ipv6:::/0':{'alt-map.pid':'all','main-map.pid':'pid-c','third':[C]},"
                      "'main-map.pid:pid-a':{'cdni':[A],'second':[B]},"
                      "'main-map.pid:pid-b':{'second':[B]}");
    expect(s, "{'entities':['ipv4:192.0.2.1','main-map.pid:pid-b','asn:as1'],'properties':[]}",
           "'ipv4:192.0.2.1':{'alt-map.pid':'all','cdni':[A],'main-map.pid':'pid-a',"
           "'second':[B],'third':[C]},"
           "'main-map.pid:pid-b':{'second':[B]},"
           "'asn:as1':{'third':[C]}");
    reply_t r = ask(s, "{'entities':['alt-map.pid:all']}");
    assert_int_equal(r.status, 400);
    free(r.text);
    snapshot_unref(s);
}

/* Without documents there is the network map that is made by default, and no database. */
static void test_nothing(void **state)
{
    (void)state;
    snapshot_t *s = joined_snapshot(NULL, 0, NULL);
    expect_map_by_get(s, "'ipv4:0.0.0.0/0':{'netmap.pid':'pid-default'},"
                         "'ipv6:::/0':{'netmap.pid':'pid-default'}");
    expect(s, "{'entities':['ipv4:192.0.2.1','asn:as64496'],'properties':[]}",
           "'ipv4:192.0.2.1':{'netmap.pid':'pid-default'}");
    expect(s, "{'entities':[]}", "'ipv4:0.0.0.0/0':{},'ipv6:::/0':{}");
    reply_t r = ask(s, "{'entities':[],'properties':['.priv:asn']}");
    assert_int_equal(r.status, 400);
    free(r.text);
    r = ask(s, "{'entities':['netmap.pid:pid-default']}"); /* no advertisement uses it */
    assert_int_equal(r.status, 400);
    free(r.text);
    snapshot_unref(s);
}

/* Only what there is a database for; the country is the city database's when there is no other. */
static void test_parts(void **state)
{
    (void)state;
    static const struct {
        unsigned parts;
        const char *want;
    } rows[] = {
        {PART_ASN, "'.priv:asn':'as64497'"},
        {PART_COUNTRY, "'.priv:countrycode':'us'"},
        {PART_CITY, "'.priv:countrycode':'us','.priv:subdivisioncode':'us-ny'"},
        {PART_COUNTRY | PART_ASN, "'.priv:asn':'as64497','.priv:countrycode':'us'"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char want[256];
        const joined_options_t options = {
            .places = spots, .place_count = sizeof spots / sizeof *spots, .parts = rows[i].parts};
        snapshot_t *s = joined_one("version: 1\n", &options);
        (void)snprintf(want, sizeof want, "'ipv4:198.51.100.200':{'netmap.pid':'pid-default',%s}",
                       rows[i].want);
        expect(s, "{'entities':['ipv4:198.51.100.200'],'properties':[]}", want);
        snapshot_unref(s);
    }
}

/* ---- global objects ---- */

/* RFC 9241 6.2.2: with one, the whole of both families are entities of the GET map. */
static void test_global(void **state)
{
    (void)state;
    snapshot_t *s = joined_one("footprints:\n"
                               "  all4: {cidr: [0.0.0.0/0]}\n"
                               "  inner: {cidr: [192.0.2.0/24]}\n"
                               "  as: {asn: [as64496], countrycode: [de]}\n"
                               "capabilities:\n" PUT("E", "everywhere") PUT("F", "all4")
                                   PUT("I", "inner, everywhere") PUT("A", "as"),
                               NULL);
    /* Declared and global: one member. inner says nothing that everywhere does not. */
    expect_map_by_get(s, "'asn:as64496':{'cdni':[E,I]},"
                         "'countrycode:de':{'cdni':[E,I]},"
                         "'ipv4:0.0.0.0/0':{'cdni':[E,F,I],'netmap.pid':'pid-default'},"
                         "'ipv6:::/0':{'cdni':[E,I],'netmap.pid':'pid-default'}");
    /* And whatever is asked for has it, named or not. */
    expect(s,
           "{'entities':['asn:as1','countrycode:zz','ipv6:2001:db8::1','ipv4:192.0.2.1',"
           "'subdivisioncode:us-ny'],'properties':['cdni.cdni-capabilities']}",
           "'asn:as1':{'cdni':[E,I]},'countrycode:zz':{'cdni':[E,I]},"
           "'ipv6:2001:db8::1':{'cdni':[E,I]},'ipv4:192.0.2.1':{'cdni':[E,F,I]},"
           "'subdivisioncode:us-ny':{'cdni':[E,I]}");
    snapshot_unref(s);
}

/* The GET map has the documents alone, whatever databases say; AND over types is for the join. */
static void test_get(void **state)
{
    (void)state;
    snapshot_t *s = joined(0);
    const char *const want = "'asn:as64496':{'cdni':[S]},"
                             "'countrycode:de':{'cdni':[G]},'countrycode:mx':{'cdni':[U]},"
                             "'ipv4:0.0.0.0/0':{'netmap.pid':'pid-c'},"
                             "'ipv4:192.0.2.0/24':{'cdni':[M]},"
                             "'ipv4:192.0.2.0/25':{'cdni':[M,P],'netmap.pid':'pid-a'},"
                             "'ipv4:192.0.2.64/26':{'cdni':[B,M,P]},"
                             "'ipv4:198.51.100.0/24':{'netmap.pid':'pid-b'},"
                             "'ipv6:::/0':{'netmap.pid':'pid-c'},"
                             "'ipv6:2001:db8::/32':{'cdni':[M]},"
                             "'netmap.pid:pid-a':{'cdni':[P]},"
                             "'subdivisioncode:us-ny':{'cdni':[U]}";
    expect_map_by_get(s, want);
    snapshot_unref(s);
    s = joined_one(documents, NULL);
    expect_map_by_get(s, want);
    snapshot_unref(s);
}

/* entities: [] are those of the GET map, answered from the join. */
static void test_all_entities(void **state)
{
    (void)state;
    snapshot_t *s = joined(0);
    const char *const all = "'asn:as64496':{},'countrycode:de':{},'countrycode:mx':{},"
                            "'ipv4:0.0.0.0/0':{},'ipv4:192.0.2.0/24':{},'ipv4:192.0.2.0/25':{},"
                            "'ipv4:192.0.2.64/26':{},'ipv4:198.51.100.0/24':{},"
                            "'ipv6:::/0':{},'ipv6:2001:db8::/32':{},'netmap.pid:pid-a':{},"
                            "'subdivisioncode:us-ny':{}";
    expect(s, "{'entities':[]}", all);
    expect(s, "{'entities':[],'properties':['.priv:asn']}",
           "'ipv4:192.0.2.0/24':{'.priv:asn':'as64496'},"
           "'ipv4:192.0.2.0/25':{'.priv:asn':'as64496'},"
           "'ipv4:192.0.2.64/26':{'.priv:asn':'as64496'},"
           "'ipv4:198.51.100.0/24':{'.priv:asn':'as64497'},"
           "'ipv6:2001:db8::/32':{'.priv:asn':'as64498'}");
    snapshot_unref(s);
}

/* ---- limits ---- */

static void expect_status(const snapshot_t *s, const char *request, int status)
{
    reply_t r = ask(s, request);
    if (r.status != status) {
        fail_msg("%s: %d", request, r.status);
    }
    if (status == 503 || status == 413) {
        assert_string_equal(r.text, "");
    }
    free(r.text);
}

static void test_most_entities(void **state)
{
    (void)state;
    snapshot_t *s = joined(3);
    /* Exactly as many, and one more, of each kind. */
    expect_status(s, "{'entities':['ipv4:192.0.2.1','ipv4:192.0.2.2','ipv4:192.0.2.3']}", 200);
    expect_status(s,
                  "{'entities':['ipv4:192.0.2.1','ipv4:192.0.2.2','ipv4:192.0.2.3',"
                  "'ipv4:192.0.2.4']}",
                  503);
    expect_status(s,
                  "{'entities':['ipv4:192.0.2.1','ipv4:192.0.2.2','ipv4:192.0.2.3',"
                  "'ipv4:192.0.2.1/32','asn:as1','asn:as2']}",
                  200);
    const char *const three = "{'entities':['ipv4:192.0.2.0/24'],"
                              "'properties':['cdni.cdni-capabilities']}";
    expect_status(s, three, 200);
    expect_status(s,
                  "{'entities':['ipv4:192.0.2.0/24','ipv6:2001:db8::1'],"
                  "'properties':['cdni.cdni-capabilities']}",
                  503);
    expect_status(s, "{'entities':[],'properties':['.priv:subdivisioncode']}", 200);
    expect_status(s, "{'entities':[]}", 503);
    /* More than twice as many names are not even read. */
    expect_status(s, "{'entities':['asn:as1','asn:as1','asn:as1','asn:as1','asn:as1','asn:as1']}",
                  200);
    expect_status(s,
                  "{'entities':['asn:as1','asn:as1','asn:as1','asn:as1','asn:as1','asn:as1',"
                  "'asn:as1']}",
                  413);
    snapshot_unref(s);
    s = joined(2);
    expect_status(s, three, 503);
    snapshot_unref(s);
    s = joined(1);
    expect_status(s, "{'entities':['ipv6:::/0'],'properties':['netmap.pid']}", 200);
    expect_status(s, "{'entities':['ipv6:::/0'],'properties':['netmap.pid','.priv:asn']}", 503);
    expect_status(s, "{'entities':['ipv4:0.0.0.0/0'],'properties':['.priv:asn']}", 503);
    expect_status(s, "{'entities':['ipv4:0.0.0.0/0']}", 200);
    snapshot_unref(s);
}

/* What may be long goes to a worker, however it is written; addresses are answered at once. */
static void test_cost(void **state)
{
    (void)state;
    static const struct {
        const char *request;
        bool much;
    } rows[] = {
        {"{'entities':['ipv4:192.0.2.1','ipv6:::'],'properties':[]}", false},
        {"{'entities':['asn:as64496'],'x':'entities'}", false},
        {"{'entities':['asn:as64496'],'properties':['netmap.pid'],'extra':[]}", false},
        {"", false},
        {"{", false},
        {"{'entities':", false},
        {"{'entities':[", false},
        {"{'entities':['ipv4:0.0.0.0/0']}", true},
        {"{'entities':['ipv4:0.0.0.0\\/0']}", true},
        {"{'entities':['ipv4:0.0.0.0\\u002f0']}", true},
        {"{'entities':[]}", true},
        {"{'properties':['cdni.cdni-capabilities'],'entities':[]}", true},
        {"{'x':'entities','entities' : [\n\t\r ] ,'properties':['cdni.cdni-capabilities']}", true},
        {"{'entit\\u0069es':[],'properties':['cdni.cdni-capabilities']}", true},
    };
    snapshot_t *s = joined(1);
    const resource_t *r = fixture_resource(s, "/propmap-filtered");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char request[256];
        (void)snprintf(request, sizeof request, "%s", rows[i].request);
        swap(request, '\'', '"');
        uint64_t cost = r->kind->cost(r, slice_str(request));
        if ((cost > 2000) != rows[i].much) {
            fail_msg("%s: %llu", request, (unsigned long long)cost);
        }
    }
    /* Several thousand addresses are much, too. */
    buf_t many = BUF_INIT;
    for (size_t i = 0; i < 4000; i++) {
        buf_append_str(&many, "\"ipv4:192.0.2.1\",");
    }
    assert_true(r->kind->cost(r, buf_slice(&many)) > 2000);
    buf_release(&many);
    snapshot_unref(s);
}

/* The size is that of the body, to the byte: offered at it, and not below. */
static void test_most_bytes(void **state)
{
    (void)state;
    snapshot_t *s = joined_one(documents, NULL);
    buf_t body = fixture_body(s, "/propmap");
    size_t size = body.len, kept = 0;
    buf_release(&body);
    snapshot_unref(s);
    for (size_t less = 0; less < 2; less++) {
        const joined_options_t options = {.max_get_bytes = size - less};
        s = joined_one(documents, &options);
        const view_t *view = snapshot_view_public(s);
        assert_int_equal(view_find(view, SLICE_LIT("/propmap")) != NULL, !less);
        assert_int_equal(view->propmap_bytes, less ? size : 0);
        /* What is not offered is not encoded. */
        const property_map_content_t *c = fixture_resource(s, "/propmap-filtered")->content;
        assert_true(!less || c->in.fragments->bytes < kept);
        kept = c->in.fragments->bytes;
        /* POST is there all the same. */
        expect(s, "{'entities':['asn:as64496'],'properties':[]}", "'asn:as64496':{'cdni':[S]}");
        buf_t directory = fixture_body(s, "/");
        buf_append_char(&directory, '\0');
        assert_int_equal(strstr(directory.ptr, "\"propmap\"") != NULL, !less);
        assert_non_null(strstr(directory.ptr, "\"propmap-filtered\""));
        buf_release(&directory);
        snapshot_unref(s);
    }
    /* So little that not all of it is even looked at. */
    const joined_options_t options = {.max_get_bytes = 60};
    s = joined_one(documents, &options);
    assert_null(view_find(snapshot_view_public(s), SLICE_LIT("/propmap")));
    assert_true(snapshot_view_public(s)->propmap_bytes > 60);
    snapshot_unref(s);
}

/* The tag is the content's: of what it uses, and of the databases. */
static void test_tag(void **state)
{
    (void)state;
    static const spot_t others[] = {{"192.0.2.0/24", "DE", NULL, 64497}};
    const joined_options_t options[] = {
        {0}, {.places = spots, .place_count = 5}, {.places = others, .place_count = 1}};
    char tags[3][TAG_LEN + 1];
    for (size_t i = 0; i < 3; i++) {
        for (int again = 0; again < 2; again++) {
            snapshot_t *s = joined_one(documents, &options[i]);
            if (again) {
                assert_string_equal(tags[i], fixture_tag(s, "/propmap"));
            }
            memcpy(tags[i], fixture_tag(s, "/propmap"), sizeof tags[i]);
            snapshot_unref(s);
        }
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(tags[i], tags[k]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_validation),    cmocka_unit_test(test_properties),
        cmocka_unit_test(test_aliases),       cmocka_unit_test(test_values_by_themselves),
        cmocka_unit_test(test_prefixes),      cmocka_unit_test(test_nested),
        cmocka_unit_test(test_null),          cmocka_unit_test(test_vtags),
        cmocka_unit_test(test_several),       cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_parts),         cmocka_unit_test(test_global),
        cmocka_unit_test(test_get),           cmocka_unit_test(test_all_entities),
        cmocka_unit_test(test_most_entities), cmocka_unit_test(test_cost),
        cmocka_unit_test(test_most_bytes),    cmocka_unit_test(test_tag),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
