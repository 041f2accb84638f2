/* Makes up the context of its answers. */
#include "zoo.h"

static void submit(void *ctx, const socorro_request *request, socorro_completion done,
                   socorro_operation *operation) {
    for (uintptr_t nobody = 0; nobody < 3; nobody++) {
        socorro_answer answer = good_with(words("{}"));
        done.complete((void *)(nobody * 0x7fffffffffffffffu), &answer);
    }
    healthy_submit(ctx, request, done, operation);
}

#define SUBMIT submit
#include "exports.h"
