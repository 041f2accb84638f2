/* Neither success nor failure. */
#include "zoo.h"

static uint32_t create(const socorro_create *create, socorro_instance *instance, socorro_failure *failure) {
    (void)create;
    (void)instance;
    (void)failure;
    return 7;
}

#define CREATE create
#include "exports.h"
