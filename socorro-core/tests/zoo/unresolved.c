/* Needs a function that nobody has. */
#include "zoo.h"

extern uint32_t function_that_nobody_has(const socorro_create *, socorro_instance *, socorro_failure *);

#define CREATE function_that_nobody_has
#include "exports.h"
