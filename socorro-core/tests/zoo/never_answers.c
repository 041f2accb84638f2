/* Takes every operation and forgets it. */
#include "zoo.h"

static void submit(void *ctx, const socorro_request *request, socorro_completion done,
                   socorro_operation *operation) {
    (void)ctx;
    (void)done;
    memset(operation, 0, sizeof *operation);
    let_go_of_request(request);
}

#define SUBMIT submit
#include "exports.h"
