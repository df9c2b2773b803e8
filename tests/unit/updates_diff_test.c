/*
 * patch_json and patch_merge: for thousands of random documents and edits, what they make leads
 * from one to the other, by patch_verify and by the reference in jansson; it is as short as it
 * should be and the same from other stores; and what was altered in it is noticed.
 */
#include "patch_trees.h"

#include "failmalloc.h"
#include "patch_reference.h"
#include "prng.h"

enum { ROUNDS = 2500 };

/* ---- random documents ---- */

typedef struct maker {
    prng_t *rng;
    arena_t *arena;
    bool nul_names; /* which the reference cannot read */
    bool reorders;  /* members change places, which is no change */
} maker_t;

static const slice_t odd_names[] = {
    {"", 0},          {"/", 1},
    {"~", 1},         {"~1", 2},
    {"~0", 2},        {"a/b~c", 5},
    {"\"", 1},        {"\\", 1},
    {"\x01", 1},      {"\xc3\xa9", 2},
    {"-", 1},         {"0", 1},
    {"e\xcc\x81", 3}, {"\xf0\x9f\x98\x80", 4},
    {"tag", 3},       {"vtag", 4},
    {"meta", 4},      {"\n\t", 2},
};

static const slice_t nul_names[] = {{"\0", 1}, {"a\0b", 3}, {"a\0", 2}};

static bool one_in(maker_t *m, uint64_t n)
{
    return prng_below(m->rng, n) == 0;
}

static slice_t make_name(maker_t *m)
{
    if (m->nul_names && one_in(m, 4)) {
        return nul_names[prng_below(m->rng, sizeof nul_names / sizeof *nul_names)];
    }
    if (one_in(m, 2)) {
        return odd_names[prng_below(m->rng, sizeof odd_names / sizeof *odd_names)];
    }
    return arena_printf(m->arena, "n%u", (unsigned)prng_below(m->rng, 400));
}

static json_value_t number(maker_t *m, int64_t n)
{
    return (json_value_t){.kind = JSON_NUMBER,
                          .u = {.text = arena_printf(m->arena, "%" PRId64, n)}};
}

static json_value_t make_scalar(maker_t *m)
{
    static const slice_t strings[] = {{"", 0},        {"x", 1},        {"a,b", 3},
                                      {"\"],[\"", 5}, {"\\\\\"", 3},   {"\0", 1},
                                      {"null", 4},    {"\xc3\xa9", 2}, {"192.0.2.0/24", 12},
                                      {"1", 1},       {"{}", 2},       {"]", 1}};
    switch (prng_below(m->rng, 6)) {
    case 0:
        return (json_value_t){.kind = JSON_NULL};
    case 1:
        return (json_value_t){.kind = JSON_BOOL, .u = {.boolean = one_in(m, 2)}};
    case 2:
    case 3:
        return number(m, (int64_t)prng_below(m->rng, 50) - 10);
    default:
        return (json_value_t){
            .kind = JSON_STRING,
            .u = {.text = strings[prng_below(m->rng, sizeof strings / sizeof *strings)]}};
    }
}

static bool has_name(const json_member_t *members, size_t count, slice_t name)
{
    for (size_t i = 0; i < count; i++) {
        if (slice_eq(members[i].name, name)) {
            return true;
        }
    }
    return false;
}

static json_value_t make_value(maker_t *m, unsigned depth);

static json_value_t make_object(maker_t *m, size_t count, unsigned depth)
{
    json_value_t v = {.kind = JSON_OBJECT};
    v.u.object.members = arena_array(m->arena, count + 1, sizeof(json_member_t));
    for (size_t i = 0; i < count; i++) {
        json_member_t *member = &v.u.object.members[v.u.object.count];
        slice_t name = count > 40 ? arena_printf(m->arena, "n%zu", i) : make_name(m);
        if (count > 40 || !has_name(v.u.object.members, v.u.object.count, name)) {
            member->name = name;
            member->value = make_value(m, depth);
            v.u.object.count++;
        }
    }
    return v;
}

/* Numbers that rise, or any scalars, or any values, or objects with a key. */
static json_value_t make_array(maker_t *m, size_t count, unsigned depth)
{
    json_value_t v = {.kind = JSON_ARRAY};
    v.u.array.items = arena_array(m->arena, count + 1, sizeof(json_value_t));
    v.u.array.count = count;
    uint64_t kind = prng_below(m->rng, depth ? 4 : 2);
    int64_t next = 0;
    for (size_t i = 0; i < count; i++) {
        json_value_t *item = &v.u.array.items[i];
        if (kind == 0) {
            *item = number(m, next += 1 + (int64_t)prng_below(m->rng, 3));
        } else if (kind == 1) {
            *item = make_scalar(m);
        } else if (kind == 2) {
            *item = make_value(m, depth - 1);
        } else {
            *item = make_object(m, 2, depth - 1);
            item->u.object.members[0] = (json_member_t){
                .name = SLICE_LIT("key"), .value = number(m, (int64_t)prng_below(m->rng, 30))};
        }
    }
    return v;
}

static size_t make_count(maker_t *m, bool top)
{
    if (top && one_in(m, 40)) {
        return (size_t)prng_below(m->rng, 3000);
    }
    return (size_t)prng_below(m->rng, one_in(m, 8) ? 30 : 6);
}

static json_value_t make_value(maker_t *m, unsigned depth)
{
    uint64_t kind = depth ? prng_below(m->rng, 5) : 0;
    if (kind == 0) {
        return make_scalar(m);
    }
    return kind < 3 ? make_object(m, make_count(m, false), depth - 1)
                    : make_array(m, make_count(m, false), depth - 1);
}

/* An object or, less often, an array. */
static json_value_t make_document(maker_t *m)
{
    size_t count = make_count(m, true);
    unsigned depth = count > 100 ? 1 : 3;
    json_value_t v = one_in(m, 3) ? make_array(m, count, depth) : make_object(m, count, depth);
    if (one_in(m, 2)) {
        /* Inside, and with a tag. */
        json_member_t *members = arena_array(m->arena, 3, sizeof *members);
        json_member_t *meta = arena_array(m->arena, 1, sizeof *meta);
        json_member_t *vtag = arena_array(m->arena, 1, sizeof *vtag);
        *vtag = (json_member_t){.name = SLICE_LIT("tag"), .value = make_scalar(m)};
        *meta = (json_member_t){.name = SLICE_LIT("vtag"),
                                .value = {.kind = JSON_OBJECT, .u = {.object = {vtag, 1}}}};
        members[0] = (json_member_t){.name = SLICE_LIT("meta"),
                                     .value = {.kind = JSON_OBJECT, .u = {.object = {meta, 1}}}};
        members[1] = (json_member_t){.name = SLICE_LIT("map"), .value = v};
        v = (json_value_t){.kind = JSON_OBJECT, .u = {.object = {members, 2}}};
    }
    return v;
}

/* ---- random edits ---- */

/* One place in `rate` is changed. */
static json_value_t edit(maker_t *m, const json_value_t *v, uint64_t rate, unsigned depth);

static json_value_t edit_object(maker_t *m, const json_value_t *v, uint64_t rate, unsigned depth)
{
    size_t count = v->u.object.count;
    json_value_t out = {.kind = JSON_OBJECT};
    json_member_t *members = arena_array(m->arena, count * 2 + 2, sizeof *members);
    out.u.object.members = members;
    for (size_t i = 0; i < count; i++) {
        const json_member_t *old = &v->u.object.members[i];
        if (one_in(m, rate)) {
            switch (prng_below(m->rng, 3)) {
            case 0:
                continue;
            case 1:
                members[out.u.object.count++] = (json_member_t){.name = old->name,
                                                                .value = make_value(m, 2)};
                continue;
            default: {
                slice_t name = make_name(m);
                if (!has_name(members, out.u.object.count, name) &&
                    !has_name(v->u.object.members, count, name)) {
                    members[out.u.object.count++] = (json_member_t){.name = name,
                                                                    .value = make_value(m, 2)};
                }
            }
            }
        }
        members[out.u.object.count++] = (json_member_t){
            .name = old->name, .value = edit(m, &old->value, rate, depth + 1)};
    }
    if (count == 0 && one_in(m, rate)) {
        members[out.u.object.count++] = (json_member_t){.name = make_name(m),
                                                        .value = make_scalar(m)};
    }
    if (m->reorders && out.u.object.count > 1 && one_in(m, rate)) {
        json_member_t first = members[0];
        members[0] = members[out.u.object.count - 1];
        members[out.u.object.count - 1] = first;
    }
    return out;
}

static json_value_t edit_array(maker_t *m, const json_value_t *v, uint64_t rate, unsigned depth)
{
    size_t count = v->u.array.count, n = 0;
    json_value_t *items = arena_array(m->arena, count * 2 + 2, sizeof *items);
    for (size_t i = 0; i < count; i++) {
        const json_value_t *old = &v->u.array.items[i];
        if (!one_in(m, rate)) {
            items[n++] = edit(m, old, rate, depth + 1);
            continue;
        }
        switch (prng_below(m->rng, 6)) {
        case 0:
            break;
        case 1:
            items[n++] = *old;
            items[n++] = *old;
            break;
        case 2:
            items[n++] = make_value(m, 2);
            items[n++] = *old;
            break;
        case 3:
            items[n++] = make_scalar(m);
            break;
        case 4:
            if (n) {
                items[n] = items[n - 1];
                items[n - 1] = *old;
                n++;
            }
            break;
        default:
            items[n++] = v->u.array.items[prng_below(m->rng, count)];
            break;
        }
    }
    if (one_in(m, rate)) {
        items[n++] = make_scalar(m);
    }
    return (json_value_t){.kind = JSON_ARRAY, .u = {.array = {items, n}}};
}

static json_value_t edit(maker_t *m, const json_value_t *v, uint64_t rate, unsigned depth)
{
    if (depth && one_in(m, rate * 4)) {
        return make_value(m, 2);
    }
    if (v->kind == JSON_OBJECT) {
        return edit_object(m, v, rate, depth);
    }
    if (v->kind == JSON_ARRAY) {
        return edit_array(m, v, rate, depth);
    }
    return one_in(m, rate) ? make_scalar(m) : *v;
}

/* ---- what is expected ---- */

static bool has_null(const json_value_t *v)
{
    if (v->kind != JSON_OBJECT) {
        return v->kind == JSON_NULL;
    }
    for (size_t i = 0; i < v->u.object.count; i++) {
        if (has_null(&v->u.object.members[i].value)) {
            return true;
        }
    }
    return false;
}

/* Whether a merge patch can lead from one to the other. */
static bool can_merge(const json_value_t *from, const json_value_t *to)
{
    if (json_value_equal(from, to)) {
        return from->kind == JSON_OBJECT || !has_null(to);
    }
    if (from->kind != JSON_OBJECT || to->kind != JSON_OBJECT) {
        return !has_null(to);
    }
    for (size_t i = 0; i < to->u.object.count; i++) {
        const json_member_t *m = &to->u.object.members[i];
        const json_value_t *old = json_get_slice(from, m->name);
        if (!old ? has_null(&m->value)
                 : !json_value_equal(old, &m->value) && !can_merge(old, &m->value)) {
            return false;
        }
    }
    return true;
}

/* The text of the first operation with a comma, when it is a test; it is there by right or not. */
static size_t guard_size(const json_value_t *from, const json_value_t *to, slice_t patch)
{
    arena_t arena;
    size_t size = 0;
    arena_init(&arena, 0);
    const json_value_t *ops = read_json(&arena, patch);
    const json_value_t *first = ops->u.array.count ? &ops->u.array.items[0] : NULL;
    const json_value_t *before = json_get(json_get(json_get(from, "meta"), "vtag"), "tag");
    const json_value_t *after = json_get(json_get(json_get(to, "meta"), "vtag"), "tag");
    bool is_test = first && slice_is(json_get(first, "op")->u.text, "test");
    bool has_tag = before && before->kind < JSON_ARRAY && first;
    bool wanted = has_tag && !(after && json_value_equal(before, after));
    assert_true(wanted ? is_test : !is_test || !has_tag);
    if (is_test) {
        buf_t text = BUF_INIT;
        json_write_value(&text, first);
        size = text.len + 1;
        buf_release(&text);
        slice_t path = json_get(first, "path")->u.text;
        assert_true(wanted ? slice_is(path, "/meta/vtag/tag")
                           : path.len > 6 && memcmp(path.ptr, "/meta/", 6) == 0);
    }
    arena_release(&arena);
    return size;
}

/* ---- one pair of documents ---- */

typedef struct texts {
    buf_t from, to;
    json_value_t *from_value, *to_value;
    bool nul_names, reorders;
} texts_t;

typedef err_t differ_t(const node_t *from, const node_t *to, size_t limit, buf_t *out);

/* Exactly at the limit, and nothing is appended beyond it. */
static void check_limit(differ_t *differ, const pair_t *p, slice_t whole, prng_t *rng)
{
    buf_t out = BUF_INIT;
    buf_append_str(&out, "before");
    if (differ(p->from, p->to, whole.len, &out)) {
        fail_msg("too long for its own length: %.*s", SLICE_ARG(whole));
    }
    assert_int_equal(out.len, 6 + whole.len);
    assert_memory_equal(out.ptr + 6, whole.ptr, whole.len);
    out.len = 6;
    size_t below[] = {whole.len - 1, (size_t)prng_below(rng, whole.len), 0};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(differ(p->from, p->to, below[i], &out), ERR_LIMIT);
        assert_int_equal(out.len, 6);
        assert_memory_equal(out.ptr, "before", 6);
    }
    buf_release(&out);
}

static bool leads(patch_type_t type, const texts_t *t, slice_t patch)
{
    char *text = reference_apply(type == PATCH_MERGE, patch.ptr, patch.len, t->from.ptr,
                                 t->from.len);
    bool equal = text && reference_equal(text, strlen(text), t->to.ptr, t->to.len);
    free(text);
    return equal;
}

/* jansson takes all integers for what they are worth, while a patch is to give the same text. */
static bool has_minus_zero(slice_t s)
{
    for (size_t i = 0; i + 1 < s.len; i++) {
        if (s.ptr[i] == '-' && s.ptr[i + 1] == '0') {
            return true;
        }
    }
    return false;
}

/* A patch with something altered is refused, exactly when it leads elsewhere. */
static void check_altered(patch_type_t type, const texts_t *t, const pair_t *p, slice_t patch,
                          prng_t *rng, size_t *noticed)
{
    static const char bytes[] = "0123456789\"/~a{}[],:";
    buf_t text = BUF_INIT;
    buf_append_slice(&text, patch);
    size_t at = (size_t)prng_below(rng, text.len);
    switch (prng_below(rng, 3)) {
    case 0:
        text.ptr[at] = bytes[prng_below(rng, sizeof bytes - 1)];
        break;
    case 1:
        memmove(text.ptr + at, text.ptr + at + 1, text.len - at - 1);
        text.len--;
        break;
    default: {
        /* An operation or a member is missing. */
        arena_t arena;
        arena_init(&arena, 0);
        json_value_t *v = read_json(&arena, patch);
        if (v->kind == JSON_ARRAY && v->u.array.count) {
            size_t i = (size_t)prng_below(rng, v->u.array.count--);
            v->u.array.items[i] = v->u.array.items[v->u.array.count];
        } else if (v->kind == JSON_OBJECT && v->u.object.count) {
            v->u.object.count--;
        }
        buf_clear(&text);
        json_write_value(&text, v);
        arena_release(&arena);
    }
    }
    bool right = leads(type, t, buf_slice(&text));
    err_t err = patch_verify(type, buf_slice(&text), p->from, p->to);
    if (!right && err != ERR_DATA) {
        fail_msg("%.*s accepted for %.*s to %.*s", SLICE_ARG(buf_slice(&text)),
                 SLICE_ARG(buf_slice(&t->from)), SLICE_ARG(buf_slice(&t->to)));
    }
    if (right && !has_minus_zero(buf_slice(&text))) {
        assert_int_equal(err, ERR_OK);
    }
    *noticed += !right;
    buf_release(&text);
}

static void must_lead(patch_type_t type, const texts_t *t, const pair_t *p, slice_t patch)
{
    bool verified = patch_verify(type, patch, p->from, p->to) == ERR_OK;
    bool referred = t->nul_names || leads(type, t, patch);
    if (!verified || !referred) {
        print_message("from  %.*s\nto    %.*s\npatch %.*s\n", SLICE_ARG(buf_slice(&t->from)),
                      SLICE_ARG(buf_slice(&t->to)), SLICE_ARG(patch));
        fail_msg("%s, %s by the reference", verified ? "verified" : "refused",
                 referred ? "right" : "wrong");
    }
}

/* Objects with another order of members, in an array, may be sent again though they are equal. */
static void check_nothing(const texts_t *t, bool nothing)
{
    bool same = slice_eq(buf_slice(&t->from), buf_slice(&t->to));
    bool equal = json_value_equal(t->from_value, t->to_value);
    assert_true(same ? nothing : t->reorders ? !nothing || equal : nothing == equal);
}

static void check_json(const texts_t *t, const pair_t *p, const pair_t *again, prng_t *rng,
                       size_t *noticed)
{
    buf_t out = BUF_INIT, other = BUF_INIT;
    assert_int_equal(patch_json(p->from, p->to, SIZE_MAX, &out), ERR_OK);
    must_lead(PATCH_JSON, t, p, buf_slice(&out));
    check_nothing(t, slice_is(buf_slice(&out), "[]"));
    static const char replace[] = "[{\"op\":\"replace\",\"path\":\"\",\"value\":}]";
    size_t guard = guard_size(t->from_value, t->to_value, buf_slice(&out));
    assert_in_range(out.len, 2, sizeof replace - 1 + t->to.len + guard + 1);
    assert_int_equal(patch_json(again->from, again->to, SIZE_MAX, &other), ERR_OK);
    assert_int_equal(out.len, other.len);
    assert_memory_equal(out.ptr, other.ptr, out.len);
    if (!t->reorders) {
        check_limit(patch_json, p, buf_slice(&out), rng);
    }
    for (int i = 0; i < 4 && !t->nul_names && out.len < 4000; i++) {
        check_altered(PATCH_JSON, t, p, buf_slice(&out), rng, noticed);
    }
    buf_release(&out);
    buf_release(&other);
}

static bool check_merge(const texts_t *t, const pair_t *p, const pair_t *again, prng_t *rng,
                        size_t *noticed)
{
    buf_t out = BUF_INIT, other = BUF_INIT;
    bool possible = can_merge(t->from_value, t->to_value);
    buf_append_char(&out, 'x');
    err_t err = patch_merge(p->from, p->to, SIZE_MAX, &out);
    if (err != (possible ? ERR_OK : ERR_RANGE)) {
        fail_msg("%d for %.*s to %.*s", (int)err, SLICE_ARG(buf_slice(&t->from)),
                 SLICE_ARG(buf_slice(&t->to)));
    }
    slice_t patch = slice_of(out.ptr + 1, out.len - 1);
    if (possible) {
        must_lead(PATCH_MERGE, t, p, patch);
        if (t->from_value->kind == JSON_OBJECT) {
            check_nothing(t, slice_is(patch, "{}"));
        }
        assert_int_equal(patch_merge(again->from, again->to, SIZE_MAX, &other), ERR_OK);
        assert_true(slice_eq(patch, buf_slice(&other)));
        check_limit(patch_merge, p, patch, rng);
        for (int i = 0; i < 4 && !t->nul_names && patch.len < 4000; i++) {
            check_altered(PATCH_MERGE, t, p, patch, rng, noticed);
        }
    } else {
        assert_int_equal(out.len, 1);
    }
    buf_release(&out);
    buf_release(&other);
    return possible;
}

/* ---- rounds ---- */

static void test_random(void **state)
{
    (void)state;
    static const uint64_t rates[] = {2, 5, 20, 100, 1000};
    prng_t rng = prng_start();
    size_t noticed = 0, merged = 0;
    for (size_t i = 0; i < ROUNDS; i++) {
        arena_t arena;
        arena_init(&arena, 0);
        maker_t m = {&rng, &arena, prng_below(&rng, 8) == 0, prng_below(&rng, 8) == 0};
        json_value_t from = make_document(&m);
        json_value_t to = one_in(&m, 20) ? make_document(&m)
                                         : edit(&m, &from, rates[prng_below(&rng, 5)], 0);
        assert_false(arena_failed(&arena));
        texts_t t = {BUF_INIT, BUF_INIT, &from, &to, m.nul_names, m.reorders};
        json_write_value(&t.from, &from);
        json_write_value(&t.to, &to);
        pair_t p, again;
        pair_plant(&p, buf_slice(&t.from), buf_slice(&t.to), true);
        /* Other stores, which have seen other things before, and in the other order. */
        nodes_init(&again.first, NULL, NULL);
        (void)plant(&again.first, SLICE_LIT("[{\"n1\":1},[1,2,3],{\"key\":1},\"x\"]"));
        again.to = plant(&again.first, buf_slice(&t.to));
        nodes_init(&again.second, &again.first, NULL);
        again.from = plant(&again.second, buf_slice(&t.from));
        check_json(&t, &p, &again, &rng, &noticed);
        merged += check_merge(&t, &p, &again, &rng, &noticed);
        pair_release(&again);
        pair_release(&p);
        buf_release(&t.from);
        buf_release(&t.to);
        arena_release(&arena);
    }
    print_message("%zu merge patches, %zu altered patches refused\n", merged, noticed);
    assert_in_range(merged, ROUNDS / 4, ROUNDS - ROUNDS / 20);
    assert_true(noticed > ROUNDS);
}

/* ---- sizes ---- */

/* 1000 prefixes in one footprint, as advertised; without `removed` of them, all over the list. */
static buf_t advertisement(const char *tag, unsigned removed)
{
    buf_t text = BUF_INIT;
    buf_printf(
        &text,
        "{\"meta\":{\"vtag\":{\"resource-id\":\"r\",\"tag\":\"%s\"}},\"cdni-advertisement\":{"
        "\"capabilities-with-footprints\":[{\"capability-type\":\"FCI.DeliveryProtocol\","
        "\"capability-value\":{\"delivery-protocols\":[\"http/1.1\"]},\"footprints\":[{"
        "\"footprint-type\":\"ipv4cidr\",\"footprint-value\":[",
        tag);
    for (unsigned i = 0, first = 1; i < 1000; i++) {
        if (i * removed / 1000 == (i + 1) * removed / 1000) {
            buf_printf(&text, "%s\"10.%u.%u.0/24\"", first ? "" : ",", i / 256, i % 256);
            first = 0;
        }
    }
    buf_append_str(&text, "]}]}]}}");
    return text;
}

/* The shorter of the two ways that JSON Patch has, and of a merge patch never more than all. */
static void test_sizes(void **state)
{
    (void)state;
    /* Measured by other means, with short tags and without a guard. */
    static const struct {
        unsigned removed;
        size_t elements, array, merge;
    } cases[] = {
        {1, 162, 15717, 15972},     {5, 598, 15655, 15910},     {20, 2232, 15420, 15675},
        {50, 5499, 14954, 15209},   {100, 10944, 14175, 14430}, {150, 16386, 13405, 13660},
        {200, 21833, 12619, 12874}, {300, 32717, 11079, 11334}, {500, 54500, 7951, 8206},
    };
    static const char guard[] = "{\"op\":\"test\",\"path\":\"/meta/vtag/tag\",\"value\":\"t1\"},";
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buf_t from = advertisement("t1", 0), to = advertisement("t2", cases[i].removed);
        buf_t json = BUF_INIT, merge = BUF_INIT;
        pair_t p;
        pair_plant(&p, buf_slice(&from), buf_slice(&to), true);
        assert_int_equal(patch_json(p.from, p.to, SIZE_MAX, &json), ERR_OK);
        assert_int_equal(patch_merge(p.from, p.to, SIZE_MAX, &merge), ERR_OK);
        assert_int_equal(patch_verify(PATCH_JSON, buf_slice(&json), p.from, p.to), ERR_OK);
        assert_int_equal(patch_verify(PATCH_MERGE, buf_slice(&merge), p.from, p.to), ERR_OK);
        size_t best = cases[i].elements < cases[i].array ? cases[i].elements : cases[i].array;
        /* Which prefixes went is of some bytes' difference. */
        assert_in_range(json.len, 100, sizeof guard - 1 + best + best / 200 + 8);
        assert_memory_equal(json.ptr + 1, guard, sizeof guard - 1);
        assert_in_range(merge.len, 100, cases[i].merge + cases[i].merge / 200);
        pair_release(&p);
        buf_release(&from);
        buf_release(&to);
        buf_release(&json);
        buf_release(&merge);
    }
}

/* ---- pairs with a name ---- */

static const struct {
    const char *from, *to;
    const char *json, *merge; /* NULL: there is none */
} exact[] = {
    {"{\"a\":1}", "{\"a\":1}", "[]", "{}"},
    {"{}", "{}", "[]", "{}"},
    {"[]", "[]", "[]", "[]"},
    {"{\"a\":1}", "{\"a\":null}", "[{\"op\":\"add\",\"path\":\"/a\",\"value\":null}]", NULL},
    {"{\"a\":{\"b\":1}}", "{\"a\":{\"b\":{\"c\":null}}}",
     "[{\"op\":\"add\",\"path\":\"/a/b\",\"value\":{\"c\":null}}]", NULL},
    {"{\"a\":null}", "{\"a\":null,\"b\":1}", "[{\"op\":\"add\",\"path\":\"/b\",\"value\":1}]",
     "{\"b\":1}"},
    {"{\"a\":1,\"b\":2}", "{\"a\":1}", "[{\"op\":\"remove\",\"path\":\"/b\"}]", "{\"b\":null}"},
    {"{\"a/b\":1,\"m~n\":22222222222222222222222222222222222222222222222222222222222222}",
     "{\"a/b\":9,\"m~n\":22222222222222222222222222222222222222222222222222222222222222}",
     "[{\"op\":\"add\",\"path\":\"/a~1b\",\"value\":9}]", "{\"a/b\":9}"},
    {"{\"q\\\"\\\\\\u0001\":1,\"b\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19]}",
     "{\"q\\\"\\\\\\u0001\":2,\"b\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19]}",
     "[{\"op\":\"add\",\"path\":\"/q\\\"\\\\\\u0001\",\"value\":2}]", "{\"q\\\"\\\\\\u0001\":2}"},
    {"[\"aaaaaaaaaaaaaaaaaaaaaaaaa\",\"bbbbbbbbbbbbbbbbbbbbbbbbbbb\","
     "\"ccccccccccccccccccccccccccc\"]",
     "[\"aaaaaaaaaaaaaaaaaaaaaaaaa\",\"bbbbbbbbbbbbbbbbbbbbbbbbbbb\","
     "\"ccccccccccccccccccccccccccc\",1]",
     "[{\"op\":\"add\",\"path\":\"/3\",\"value\":1}]",
     "[\"aaaaaaaaaaaaaaaaaaaaaaaaa\",\"bbbbbbbbbbbbbbbbbbbbbbbbbbb\","
     "\"ccccccccccccccccccccccccccc\",1]"},
};

static void test_exact(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof exact / sizeof *exact; i++) {
        pair_t p;
        buf_t json = BUF_INIT, merge = BUF_INIT;
        pair_plant(&p, slice_str(exact[i].from), slice_str(exact[i].to), true);
        assert_int_equal(patch_json(p.from, p.to, SIZE_MAX, &json), ERR_OK);
        err_t err = patch_merge(p.from, p.to, SIZE_MAX, &merge);
        assert_int_equal(err, exact[i].merge ? ERR_OK : ERR_RANGE);
        buf_append_char(&json, '\0');
        buf_append_char(&merge, '\0');
        assert_string_equal(json.ptr, exact[i].json);
        assert_string_equal(merge.ptr, exact[i].merge ? exact[i].merge : "");
        pair_release(&p);
        buf_release(&json);
        buf_release(&merge);
    }
}

/* ---- memory ---- */

static void sweep(differ_t *differ, const pair_t *p, err_t verdict)
{
    long live = failmalloc_live();
    for (size_t n = 1;; n++) {
        buf_t out = BUF_INIT;
        failmalloc_arm(n);
        err_t err = differ(p->from, p->to, SIZE_MAX, &out);
        bool refused = failmalloc_disarm();
        assert_int_equal(err, refused ? ERR_NOMEM : verdict);
        assert_true(err == ERR_OK || out.len == 0);
        buf_release(&out);
        assert_int_equal(failmalloc_live(), live);
        if (!refused) {
            return;
        }
    }
}

static void test_nomem(void **state)
{
    (void)state;
    prng_t rng = prng_start();
    for (size_t i = 0; i < 60; i++) {
        arena_t arena;
        arena_init(&arena, 0);
        maker_t m = {&rng, &arena, true, true};
        json_value_t from = make_document(&m), to = edit(&m, &from, 20, 0);
        buf_t texts[2] = {BUF_INIT, BUF_INIT};
        json_write_value(&texts[0], &from);
        json_write_value(&texts[1], &to);
        pair_t p;
        pair_plant(&p, buf_slice(&texts[0]), buf_slice(&texts[1]), true);
        sweep(patch_json, &p, ERR_OK);
        sweep(patch_merge, &p, can_merge(&from, &to) ? ERR_OK : ERR_RANGE);
        pair_release(&p);
        buf_release(&texts[0]);
        buf_release(&texts[1]);
        arena_release(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_nomem),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
