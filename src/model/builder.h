/*
 * Builder: what the parsers of one build share. Private to src/model.
 *
 * A build has two passes. Parsing reads every document once, as events, into drafts: footprints
 * with their values, capabilities with their canonical value and the names they refer to.
 * Resolution then looks names up over all documents and makes wire objects. Findings are collected
 * in both; a part that is wrong is left out so that the rest can still be checked.
 */
#ifndef FPD_MODEL_BUILDER_H
#define FPD_MODEL_BUILDER_H

#include "footprintd/base/table.h"
#include "footprintd/model/model.h"
#include "sort.h"

/* A growing array of pointers, in the arena as what it points to. */
typedef struct ptrs {
    void **items;
    size_t count;
    size_t cap;
} ptrs_t;

/* A reference by name, or a PID value: something that resolution must find. */
typedef struct name_ref {
    slice_t name;
    uint32_t line, column;
    slice_t pointer; /* of the list that it stands in, which many share, */
    size_t index;    /* and where; NO_INDEX: the pointer is its own */
} name_ref_t;
#define NO_INDEX SIZE_MAX

/* What a footprint says, before its wire forms are known. */
typedef struct fp_draft {
    fp_values_t *values[FP_TYPE_COUNT]; /* NULL where the type is not used */
    ptrs_t unions;                      /* fp_constraint_t */
    bool from_cidr;         /* the two cidr types are alternatives, not a null footprint */
    bool from_family;       /* ipv4cidr or ipv6cidr stands there by its own name */
    bool bad;               /* an error was found: do not use */
    const name_ref_t *pids; /* the altopid values, for resolution */
    size_t pid_count;
    model_window_t *window; /* of a named footprint; NULL: times have no meaning here */
} fp_draft_t;

typedef struct footprint_draft {
    slice_t name;
    uint32_t document, line, column;
    fp_draft_t draft;
    model_window_t window;
    bool withdrawn;
    model_footprint_t *made; /* after resolution; also of one that is not in force */
} footprint_draft_t;

typedef struct capability_draft {
    uint32_t document, line, column;
    size_t index; /* in its document's capabilities */
    slice_t name;
    const capability_type_t *type;
    json_value_t value;
    bool value_ok;
    const name_ref_t *names; /* a list of names ... */
    size_t name_count;
    fp_draft_t *inline_; /* ... or Footprint objects; both NULL after an error */
    model_window_t window;
    bool withdrawn;
} capability_draft_t;

typedef struct withdrawal_draft {
    model_timed_t made;
    place_t place; /* of the name */
    slice_t pointer;
    bool bad;
} withdrawal_draft_t;

typedef struct network_map_draft {
    slice_t id;
    uint32_t document, line, column;
    bool is_default;
    uint32_t default_line, default_column;
    ptrs_t pids; /* pid_draft_t */
} network_map_draft_t;

typedef struct pid_draft {
    model_pid_t pid;
    uint32_t line, column;
    ptrs_t footprints; /* name_ref_t: those whose prefixes it has as well */
} pid_draft_t;

/* A PID that costs name, where that is first. */
typedef struct cost_pid {
    slice_t name;
    uint32_t document, line, column;
    slice_t pointer;
    uint32_t number; /* in the draft */
} cost_pid_t;

/* A cell that has a list of costs, one for each interval of a calendar. */
typedef struct cost_list {
    size_t cell;
    size_t first, count; /* in the values of all lists */
} cost_list_t;

typedef struct calendar_draft {
    bool given, bad;
    uint32_t line, column;
    uint32_t interval_s, count;
    uint32_t period; /* 0: it is there once */
    zone_t zone;
    int64_t start;
} calendar_draft_t;

/* How costs come about that a document does not have. */
typedef enum cost_computed {
    COST_GIVEN,
    COST_HOPS,     /* over neighbors */
    COST_DISTANCE, /* between coordinates */
} cost_computed_t;

typedef struct cost_map_draft {
    slice_t name;
    uint32_t document, line, column;
    name_ref_t map;
    name_ref_t metric; /* name.ptr NULL: not said, or wrong */
    cost_type_t type;
    bool has_mode;
    double rest; /* of pairs that are not given; COST_NONE: nothing */
    name_ref_t rest_ref;
    name_ref_t source; /* cost-source; name.ptr NULL: not said, or wrong */
    const json_value_t *parameters;
    uint32_t parameters_line, parameters_column;
    name_ref_t file; /* of the costs; name.ptr NULL: they stand in the document */
    uint32_t costs_document;
    slice_t costs_pointer;
    table_t pid_table;  /* name -> cost_pid_t */
    ptrs_t pids;        /* cost_pid_t; cells count them */
    cost_cell_t *cells; /* from malloc */
    size_t cell_count, cell_cap;
    cost_computed_t computed;
    calendar_draft_t calendar;
    uint32_t max_age_s; /* 0: costs have no age */
    uint32_t max_age_line, max_age_column;
    model_window_t fresh; /* around now, without an end of a cost's time */
    cost_list_t *lists;   /* by cell; from malloc, as list_values */
    double *list_values;  /* COST_NONE for null */
    size_t list_count, list_cap, value_count, value_cap;
    bool bad; /* something is wrong with the costs: no matrix */
} cost_map_draft_t;

typedef struct directory_draft {
    model_directory_t made;
    uint32_t line, column;
} directory_draft_t;

typedef struct document_draft {
    model_document_t made;
    slice_t advertisement; /* {NULL, 0}: not said */
    bool has_capabilities;
} document_draft_t;

typedef struct builder {
    model_t *model;
    arena_t *arena; /* the model's */
    findings_t *findings;
    const model_t *before; /* of the options */
    doc_limits_t limits;
    int64_t now;
    doc_reader_t *reader;              /* of the document being parsed */
    document_draft_t *documents;       /* and behind them the data files, by name */
    uint32_t document;                 /* index of the document being parsed */
    const model_source_t *const *data; /* the data files */
    size_t data_count;
    table_t footprints;   /* name -> footprint_draft_t */
    table_t network_maps; /* id -> network_map_draft_t */
    table_t cost_maps;    /* id -> cost_map_draft_t */
    table_t topologies;   /* id -> topology_draft_t */
    ptrs_t footprint_list, capability_list, network_map_list, cost_map_list, withdrawal_list;
    ptrs_t cost_drafts; /* all that were parsed, also those with names that cannot be */
    slice_t missing;    /* the footprint that was missed last, and what is spelled nearly like it */
    ptrs_t topology_list; /* topology_draft_t: topologies.h */
    ptrs_t directory_list;
    slice_t nearest;
    bool failed; /* memory */
} builder_t;

/* ---- what was defined before: removed.c ---- */

/*
 * What a finding about a missing name adds when the documents before had it: " any more: ...".
 * Empty for others. ptr NULL when there is no memory.
 */
slice_t removed_footprint(builder_t *b, slice_t name);
slice_t removed_network_map(builder_t *b, slice_t id);
/* Of the default map, or of the map with this id. */
slice_t removed_default_pid(builder_t *b, slice_t name);
slice_t removed_pid(builder_t *b, slice_t map, slice_t name);

/* ---- keys ---- */

/* Index of the key in its list, or -1 after an unknown-key finding at the last event. */
int keys_find(builder_t *b, key_list_t list, slice_t key, const char *where);
/* The same for a key of a tree. */
int keys_find_at(builder_t *b, key_list_t list, slice_t key, const char *where, place_t place,
                 slice_t pointer);

/* ---- reading ---- */

const doc_event_t *builder_next(builder_t *b);
/*
 * The last event must open a map (or a list); otherwise a finding, the value is skipped, false.
 * what: "footprints", as messages name it.
 */
bool builder_expect_map(builder_t *b, const char *what);
bool builder_expect_list(builder_t *b, const char *what);
/* Text (not null, not a collection); also numbers and booleans when any_scalar. Copied. */
bool builder_expect_text(builder_t *b, const char *what, bool any_scalar, slice_t *out);
/* true or false; otherwise a finding, and *out is as it was. */
bool builder_expect_bool(builder_t *b, const char *what, bool *out);
/* Resource ids, names of footprints and uCDNs. Finds what is wrong with it. */
bool builder_check_name(builder_t *b, slice_t name, const char *what);
bool name_valid(slice_t name);
/*
 * The same for a resource id: also not one that the service uses itself, unless it is `own`, the id
 * of a resource of this kind that is made by default (NULL: there is none).
 */
bool resource_id_check(builder_t *b, slice_t id, const char *what, const char *own);
/* The value whose first event was just read, as a tree; false: reading is over. */
bool builder_tree(builder_t *b, json_value_t *out);
slice_t builder_copy(builder_t *b, slice_t s);
void *builder_alloc(builder_t *b, size_t count, size_t size);
void builder_push(builder_t *b, ptrs_t *p, void *item);
slice_t builder_pointer(builder_t *b); /* of the last event, in the arena */
slice_t ref_pointer(builder_t *b, const name_ref_t *ref);
place_t builder_place(const builder_t *b, uint32_t document, uint32_t line, uint32_t column);

/* ---- parts; each is called at the event that begins its value; false: reading is over ---- */

bool parse_document(builder_t *b, const model_source_t *source);
bool parse_footprint_map(builder_t *b);
/* A list of RFC Footprint objects whose first item is the last event; fills the draft. */
bool parse_rfc_footprints(builder_t *b, fp_draft_t *draft);
bool parse_capabilities(builder_t *b);
bool parse_network_maps(builder_t *b);
bool parse_cost_maps(builder_t *b);
/* The file that the draft names; false: memory is out. */
bool parse_costs_file(builder_t *b, cost_map_draft_t *map);
/* The value of `costs`, or a file that has nothing else, at its first event. */
bool parse_costs(builder_t *b, cost_map_draft_t *map);
/*
 * For whoever reads costs: the number of the PID of this name, which was read at this place of the
 * document that is being parsed; UINT32_MAX when memory is out.
 */
uint32_t cost_pid_number(builder_t *b, cost_map_draft_t *map, slice_t name, uint32_t line,
                         uint32_t column, slice_t pointer);
/* What cannot be in costs; its place is that of the last event. False: reading is over. */
bool cost_wrong(builder_t *b, cost_map_draft_t *map, finding_code_t code, const char *text);
/* The value of neighbors, or of coordinates, at its first event. */
bool parse_computed_costs(builder_t *b, cost_map_draft_t *map, cost_computed_t how);
/* The matrix of a draft with the map's numbers of PIDs. ERR_NOMEM. */
err_t compute_costs(builder_t *b, const cost_map_draft_t *cost, size_t size,
                    cost_matrix_t *out) FPD_MUST_CHECK;
bool cost_cell_add(builder_t *b, cost_map_draft_t *map, const cost_cell_t *cell);
/* For a list of the cell that is added next: its values one by one, and then the cell. */
bool cost_list_value(builder_t *b, cost_map_draft_t *map, double cost);
bool cost_list_cell_add(builder_t *b, cost_map_draft_t *map, const cost_cell_t *cell);
bool parse_calendar(builder_t *b, calendar_draft_t *calendar);
void cost_drafts_release(builder_t *b);
/* A finding about a map as a whole stands where its name does. */
void find_about_map(builder_t *b, finding_code_t code, uint32_t line, uint32_t column,
                    const char *text);
bool parse_withdrawals(builder_t *b);
bool parse_topologies(builder_t *b);
bool parse_directories(builder_t *b);
void topology_drafts_release(builder_t *b);

/* ---- windows of time ---- */

#define WINDOW_ALWAYS ((model_window_t){INT64_MIN, INT64_MAX})
/* The last event is the value of not-before (of not-after when `after`). */
bool parse_moment(builder_t *b, bool after, model_window_t *window);
/* Finds a window that never opens; the place is that of what it is for. */
void check_window(builder_t *b, const model_window_t *window, place_t place, slice_t pointer);
bool windows_meet(const model_window_t *x, const model_window_t *y);
bool window_within(const model_window_t *x, const model_window_t *outer);
bool footprint_in_force(const builder_t *b, const footprint_draft_t *f);
bool capability_in_force(const builder_t *b, const capability_draft_t *cap);

/* ---- values ---- */

/* Collects the values of one list. kind: an fp_type_t, or VALUE_CIDR. */
#define VALUE_CIDR FP_TYPE_COUNT
/* No type: a finding said so. */
#define FP_TYPE_NONE (FP_TYPE_COUNT + 1)
/* By index in KEYS_FOOTPRINT. */
extern const unsigned footprint_kinds[];
/* "cidr", "asn": as a document writes it. */
const char *kind_name(unsigned kind);
/* The type that a Footprint object names; FP_TYPE_NONE after a finding. */
unsigned type_find_at(builder_t *b, slice_t name, place_t place, slice_t pointer);
/* A value that came before its type, as a tree. */
void take_early_value(builder_t *b, unsigned kind, const json_value_t *value, slice_t pointer,
                      fp_draft_t *draft, bool in_union);
/* Adds the union of the members to the draft. */
void take_members(builder_t *b, fp_draft_t *draft, const fp_draft_t *members);
/* What is found in both orders of type and value. */
#define TEXT_NESTED_UNION "a footprintunion cannot hold a footprintunion; list its members here"
#define TEXT_UNION_MEMBER "a member of a footprintunion is a footprint, such as 'countrycode: [mx]'"
#define TEXT_TWO_TYPES                                                                             \
    "a member of a footprintunion has one type; two types in one member (both must match) cannot " \
    "be said there"
#define TEXT_EMPTY_FOOTPRINT                                                                       \
    "an empty footprint; '" MODEL_EVERYWHERE "' is the name for every address"
#define TEXT_NO_VALUES "%s has no values; a footprint without values would cover nobody"
/* The list whose opening event is the last one; adds to the draft (same type twice: OR). */
bool parse_value_list(builder_t *b, unsigned kind, bool in_map, fp_draft_t *draft);
/* The same over a tree, for footprint-value before footprint-type. */
void take_value_tree(builder_t *b, unsigned kind, const json_value_t *list, slice_t pointer,
                     fp_draft_t *draft);
/* Lists of one type as one (OR); NULL when memory is out. lists: fp_values_t, at least one. */
fp_values_t *merge_values(builder_t *b, fp_type_t type, const ptrs_t *lists);
/* Findings for what the draft says as a whole (null footprint). */
void check_draft(builder_t *b, fp_draft_t *draft, place_t place, slice_t pointer);
/* The members of a union, as one constraint; draft->values are the members. NULL after an error. */
fp_constraint_t *make_union(builder_t *b, const fp_draft_t *members);

/* ---- resolution ---- */

bool resolve_network_maps(builder_t *b);
/* PIDs get the prefixes of the footprints that they name. */
void resolve_pid_footprints(builder_t *b, network_map_draft_t *map);
/* The footprint of this name, for a document that may use it; NULL after a finding. */
footprint_draft_t *find_footprint(builder_t *b, uint32_t document, const name_ref_t *ref);
bool resolve_cost_maps(builder_t *b);
/* What the type forbids (RFC 7285 6.1.2.2, RFC 9439 5); NULL: nothing. */
const char *cost_forbidden(const cost_type_t *type, double cost);
slice_t cost_pair_pointer(builder_t *b, const cost_map_draft_t *cost, const cost_cell_t *cell,
                          const model_network_map_t *map);
bool check_cost_lists(builder_t *b, const cost_map_draft_t *cost, const model_network_map_t *map);
/* As cost_matrix_make, of all intervals. */
err_t make_calendar(builder_t *b, const cost_map_draft_t *cost, size_t size,
                    const cost_calendar_t **out, cost_cell_t *repeated) FPD_MUST_CHECK;
/* After network maps. */
bool resolve_topologies(builder_t *b);
bool resolve_directories(builder_t *b);
/* No two resources of whatever kind have one id; behind all that make some. */
bool check_resource_ids(builder_t *b);
/* What is withdrawn, and how long the model holds; before footprints and advertisements. */
bool resolve_windows(builder_t *b);
bool resolve_footprints(builder_t *b);
bool resolve_advertisements(builder_t *b);
/* The number of the PID in the map; UINT32_MAX: it has none of this name. */
uint32_t network_map_pid(const model_network_map_t *map, slice_t name);
void find_unknown_pid(builder_t *b, const model_network_map_t *map, slice_t name, place_t place,
                      slice_t pointer);
/*
 * The network map that the document names; NULL when there is none, and then a finding, unless no
 * name was read. Also finds one that fewer uCDNs see.
 */
const model_network_map_t *resolve_network_map(builder_t *b, uint32_t document,
                                               const name_ref_t *ref);
/* Finds PIDs of altopid values that the default network map does not have. */
void resolve_pids(builder_t *b, const fp_draft_t *draft, uint32_t document);
/* The wire sets of a draft: one, or two when a cidr holds both families. */
size_t draft_sets(builder_t *b, const fp_draft_t *draft, fp_set_t sets[2]);
/* As one set: both families of a cidr become a footprintunion. */
bool draft_one_set(builder_t *b, const fp_draft_t *draft, fp_set_t *out);
/* Whether everybody who may see `document` may see what `other` defines. */
bool audience_within(const builder_t *b, uint32_t document, uint32_t other);
bool audiences_meet(const builder_t *b, uint32_t document, uint32_t other);
void lint_ids(builder_t *b, const model_advertisement_t *a);
void lint_overlaps(builder_t *b, const model_advertisement_t *a);

#endif
