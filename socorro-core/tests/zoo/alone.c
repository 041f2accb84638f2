/* A place that one instance may have open at a time, and that keeps what is in it when nobody has. */
#include "zoo.h"

static struct store place = {.lock = PTHREAD_MUTEX_INITIALIZER};

static uint32_t needs_the_place(const socorro_create *create, socorro_buf *resources, socorro_failure *failure) {
    (void)create;
    (void)failure;
    *resources = words("[{\"kind\": \"place\", \"name\": \"here\", \"exchange\": \"break_before_make\"}]");
    return 0;
}

static uint32_t takes_the_place(const socorro_create *create, socorro_instance *instance, socorro_failure *failure) {
    (void)create;
    (void)failure;
    instance->ctx = &place;
    instance->capabilities = CAN;
    return 0;
}

static uint32_t leaves_the_place(void *ctx, uint64_t timeout_ms) {
    (void)ctx;
    (void)timeout_ms;
    return 0;
}

#define RESOURCES needs_the_place
#define CREATE takes_the_place
#define DESTROY leaves_the_place
#include "exports.h"
