#include "footprintd/base/err.h"

const char *err_text(err_t err)
{
    switch (err) {
    case ERR_OK:
        return "no error";
    case ERR_NOMEM:
        return "out of memory";
    case ERR_SYNTAX:
        return "malformed";
    case ERR_RANGE:
        return "out of range";
    case ERR_LIMIT:
        return "limit exceeded";
    case ERR_IO:
        return "input or output failed";
    case ERR_DATA:
        return "the data was refused";
    case ERR_NOT_FOUND:
        return "not found";
    case ERR_NOT_NOW:
        return "not possible now";
    }
    return "unknown error";
}
