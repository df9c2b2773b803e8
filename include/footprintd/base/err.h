/*
 * Errors: the one error type of the core.
 *
 * A function that can fail returns err_t (ERR_OK is 0) and is FPD_MUST_CHECK. Details that a person
 * should read travel beside it, as findings (doc/finding.h) or as an alto_error_t; the code only
 * decides what the caller does next. The core never logs: the caller does.
 */
#ifndef FOOTPRINTD_BASE_ERR_H
#define FOOTPRINTD_BASE_ERR_H

#define FPD_MUST_CHECK       __attribute__((warn_unused_result))
#define FPD_NONNULL          __attribute__((nonnull))
#define FPD_PRINTF(fmt, arg) __attribute__((format(printf, fmt, arg)))
#define FPD_MALLOC           __attribute__((malloc, warn_unused_result))

typedef enum err {
    ERR_OK = 0,
    ERR_NOMEM,  /* an allocation failed; nothing was changed */
    ERR_SYNTAX, /* the text is not what its grammar says */
    ERR_RANGE,  /* well-formed, but outside the permitted values */
    ERR_LIMIT,  /* a limit of ours was reached */
    ERR_IO,     /* the system refused; errno says why */
    ERR_DATA,   /* findings say what is wrong with the input */
    ERR_NOT_FOUND,
    ERR_NOT_NOW, /* not possible now */
} err_t;

/* A short English text without final full stop, for logs; never NULL. */
const char *err_text(err_t err);

#endif
