/* The entry never returns. */
#include "zoo.h"

#define ENTER(host, failure) \
    hang(); \
    return &plugin
#include "exports.h"
