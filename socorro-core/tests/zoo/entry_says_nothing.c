/* The entry returns null and keeps the reason to itself. */
#include "zoo.h"

#define ENTER(host, failure) return NULL
#include "exports.h"
