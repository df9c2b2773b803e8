/*
 * libfootprintd: what an address has, inside a program of your own.
 *
 * A request router opens a directory of footprint documents, with GeoIP databases if it likes, and
 * asks which footprints and capabilities cover an address, by the same join as footprintd(8). This
 * header needs no other of footprintd.
 *
 *     footprintd_options_t options = {sizeof options, .footprints = "footprints"};
 *     footprintd_lookup_t *lookup;
 *     char *why;
 *     if (footprintd_open(&options, &lookup, &why) != FOOTPRINTD_OK) {
 *         fprintf(stderr, "%s", why ? why : "no memory\n");
 *         footprintd_text_free(why);
 *     }
 *
 * A look-up is immutable: any number of threads may ask one at the same time, each with an answer
 * of its own. To take in what has changed, make a new one by footprintd_reload, let new requests
 * use it, and close the old one when nobody asks it any more.
 *
 * Texts end in a NUL, are UTF-8 and belong to the look-up, unless they are said to belong to an
 * answer; they live as long as it does.
 */
#ifndef FOOTPRINTD_LOOKUP_H
#define FOOTPRINTD_LOOKUP_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct footprintd_lookup footprintd_lookup_t;
typedef struct footprintd_answer footprintd_answer_t;

typedef enum footprintd_status {
    FOOTPRINTD_OK = 0,
    FOOTPRINTD_REFUSED = 1, /* documents or databases: the text says what is wrong with them */
    FOOTPRINTD_INVALID = 2, /* an argument is none, such as a malformed address */
    FOOTPRINTD_NO_MEMORY = 3,
} footprintd_status_t;

typedef struct footprintd_options {
    size_t size;            /* sizeof(footprintd_options_t) */
    const char *footprints; /* the directory of documents */
    const char *country;    /* MMDB files; NULL: none; one may stand for several */
    const char *city;
    const char *asn;
    /*
     * 0: what documents with an audience say is left out, as if they were not there. 1: it is told,
     * and it is for the program to show it to nobody else.
     */
    int restricted;
} footprintd_options_t;

/*
 * Reads all documents and databases. On FOOTPRINTD_REFUSED *why is a text with one line for each
 * thing that is wrong, with its file and line, to be freed with footprintd_text_free; in all other
 * cases it is NULL. why itself may be NULL. *out is NULL unless FOOTPRINTD_OK is returned.
 */
footprintd_status_t footprintd_open(const footprintd_options_t *options, footprintd_lookup_t **out,
                                    char **why);
/*
 * The same options once more, into a new look-up; current stays as it is. Databases whose files did
 * not change are not read again, but shared.
 */
footprintd_status_t footprintd_reload(const footprintd_lookup_t *current, footprintd_lookup_t **out,
                                      char **why);
/* Its answers must be freed before. NULL is fine. */
void footprintd_close(footprintd_lookup_t *lookup);
void footprintd_text_free(char *text);
/* "0.1.0" */
const char *footprintd_version(void);

/* ---- one address ---- */

/* An answer is a place for results: one for each thread, used for one address after the other. */
footprintd_status_t footprintd_answer_new(const footprintd_lookup_t *lookup,
                                          footprintd_answer_t **out);
/* NULL is fine. */
void footprintd_answer_free(footprintd_answer_t *answer);

/*
 * Asks about an address as text, "192.0.2.1" or "2001:db8::1"; an IPv4-mapped address in text is an
 * IPv6 address. FOOTPRINTD_INVALID when it is none. After any failure the answer is empty.
 */
footprintd_status_t footprintd_find_text(footprintd_answer_t *answer, const char *text,
                                         size_t length);
/*
 * Asks about the 4 or 16 bytes of a struct in_addr or in6_addr. An IPv4-mapped address, as sockets
 * give it for a peer by IPv4, is that IPv4 address.
 */
footprintd_status_t footprintd_find_bytes(footprintd_answer_t *answer, const void *address,
                                          size_t length);
/*
 * What an id of footprintd_batch stands for: footprints and capabilities; all else is not known.
 */
footprintd_status_t footprintd_find_id(footprintd_answer_t *answer, uint32_t id);

/*
 * The id of the footprints and capabilities that cover the address. Addresses with the same id have
 * the same ones; ids are those of one look-up, from 0.
 */
uint32_t footprintd_answer_id(const footprintd_answer_t *answer);
/* "192.0.2.0/25": the prefix around the address over which all of the answer holds; the answer's.
 */
const char *footprintd_answer_scope(const footprintd_answer_t *answer);

/* "de"; NULL when it is not known. The answer's. */
const char *footprintd_answer_country(const footprintd_answer_t *answer);
/* "gb-eng", "gb-wbk": the widest first; NULL behind the last one. The answer's. */
const char *footprintd_answer_subdivision(const footprintd_answer_t *answer, size_t i);
/* 1 and *asn; 0 when it is not known. */
int footprintd_answer_asn(const footprintd_answer_t *answer, uint32_t *asn);
/* The PID in network map i, whose id is *network_map (may be NULL); NULL behind the last one. */
const char *footprintd_answer_pid(const footprintd_answer_t *answer, size_t i,
                                  const char **network_map);

/* The names of the footprints that cover the address, in order; NULL behind the last one. */
const char *footprintd_answer_footprint(const footprintd_answer_t *answer, size_t i);

typedef struct footprintd_capability {
    const char *advertisement; /* the id of the resource that it is in: "cdni" */
    const char *type;          /* "FCI.DeliveryProtocol" */
    const char *value;         /* compact JSON */
    const char *footprint;     /* the name by which it covers the address, "everywhere", or NULL */
    const char *document;      /* the file that says so */
    uint32_t line;
} footprintd_capability_t;

/* The capabilities that cover the address; NULL behind the last one. The answer's. */
const footprintd_capability_t *footprintd_answer_capability(const footprintd_answer_t *answer,
                                                            size_t i);

/* ---- many addresses ---- */

/*
 * The ids of `count` addresses of 4 or 16 bytes each (`length`), which lie one behind the other,
 * in network byte order, at any alignment. Mapped addresses are as in footprintd_find_bytes.
 */
footprintd_status_t footprintd_batch(const footprintd_lookup_t *lookup, const void *addresses,
                                     size_t length, size_t count, uint32_t *ids);
/* Ids are below this number: the size of a table of what a program makes of each. */
uint32_t footprintd_id_count(const footprintd_lookup_t *lookup);

#ifdef __cplusplus
}
#endif

#endif
