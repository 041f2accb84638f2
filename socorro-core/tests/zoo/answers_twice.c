/* Answers every operation two times. */
#include "zoo.h"

static void submit(void *ctx, const socorro_request *request, socorro_completion done,
                   socorro_operation *operation) {
    memset(operation, 0, sizeof *operation);
    socorro_answer first = healthy_answer(ctx, request);
    socorro_answer second = healthy_answer(ctx, request);
    let_go_of_request(request);
    done.complete(done.ctx, &first);
    done.complete(done.ctx, &second);
}

#define SUBMIT submit
#include "exports.h"
