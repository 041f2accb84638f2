/* Answers with a null pointer. */
#include "zoo.h"

static void submit(void *ctx, const socorro_request *request, socorro_completion done,
                   socorro_operation *operation) {
    (void)ctx;
    memset(operation, 0, sizeof *operation);
    let_go_of_request(request);
    done.complete(done.ctx, NULL);
}

#define SUBMIT submit
#include "exports.h"
