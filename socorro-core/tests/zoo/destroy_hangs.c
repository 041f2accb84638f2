/* An instance that cannot be got rid of. */
#include "zoo.h"

static uint32_t destroy(void *ctx, uint64_t timeout_ms) {
    (void)ctx;
    (void)timeout_ms;
    hang();
    return 0;
}

#define DESTROY destroy
#include "exports.h"
