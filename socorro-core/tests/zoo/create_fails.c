/* An instance cannot be made, and the plugin says why. */
#include "zoo.h"

static uint32_t create(const socorro_create *create, socorro_instance *instance, socorro_failure *failure) {
    (void)create;
    (void)instance;
    fill_failure(failure, SOCORRO_ERROR_INVALID_CONFIG, "the ink is dry");
    failure->details = words("{\"causes\": [\"nobody closed the lid\"]}");
    return 1;
}

#define CREATE create
#include "exports.h"
