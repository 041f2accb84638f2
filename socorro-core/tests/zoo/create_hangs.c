/* An instance is being made, for ever. */
#include "zoo.h"

static uint32_t create(const socorro_create *create, socorro_instance *instance, socorro_failure *failure) {
    hang();
    return healthy_create(create, instance, failure);
}

#define CREATE create
#include "exports.h"
