/* The entry says why not. */
#include "zoo.h"

#define ENTER(host, failure) \
    fill_failure(failure, SOCORRO_ERROR_INVALID_CONFIG, "this machine has no ink"); \
    return NULL
#include "exports.h"
