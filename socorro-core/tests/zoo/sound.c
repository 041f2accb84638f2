/* Nothing is wrong with this one. */
#define NAME sound
#include "zoo.h"

#include "exports.h"
