/* An instance cannot be made, and nobody learns why. */
#include "zoo.h"

static uint32_t create(const socorro_create *create, socorro_instance *instance, socorro_failure *failure) {
    (void)create;
    (void)instance;
    (void)failure;
    return 1;
}

#define CREATE create
#include "exports.h"
