/* An instance that admits that something of it is left. */
#include "zoo.h"

static uint32_t destroy(void *ctx, uint64_t timeout_ms) {
    healthy_destroy(ctx, timeout_ms);
    return 1;
}

#define DESTROY destroy
#include "exports.h"
