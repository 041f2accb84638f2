/* Answers after the instance was destroyed, from a thread of its own. */
#include "zoo.h"

static socorro_completion owed;

static void submit(void *ctx, const socorro_request *request, socorro_completion done,
                   socorro_operation *operation) {
    (void)ctx;
    memset(operation, 0, sizeof *operation);
    let_go_of_request(request);
    owed = done;
}

static void *late(void *argument) {
    hang();
    socorro_answer answer = good_with(words("{}"));
    owed.complete(owed.ctx, &answer);
    return argument;
}

static uint32_t destroy(void *ctx, uint64_t timeout_ms) {
    pthread_t thread;
    pthread_create(&thread, NULL, late, NULL);
    pthread_detach(thread);
    return healthy_destroy(ctx, timeout_ms);
}

#define SUBMIT submit
#define DESTROY destroy
#include "exports.h"
