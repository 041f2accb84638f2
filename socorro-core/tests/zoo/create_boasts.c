/* The instance can do what the plugin cannot. */
#include "zoo.h"

#define CAPABILITIES SOCORRO_CAN_SAVE_RAW
#include "exports.h"
